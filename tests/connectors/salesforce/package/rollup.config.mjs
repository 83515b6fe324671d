/** Builds the component with Salesforce's own base components into one script that a page can open from a file. */
import lwc from '@lwc/rollup-plugin';
import replace from '@rollup/plugin-replace';

const ICONS = ['success', 'warning', 'priority', 'info'];

/** Every icon is 3 MB; the component names four. The libraries of the other kinds are left out. */
const slim = {
    name: 'slim-icons',
    load(id) {
        const match = /iconSvgTemplates(\w+)[\\/]buildTemplates[\\/]templates\.js$/.exec(id);
        if (!match) {
            return null;
        }
        const names = match[1] === 'Utility' ? ICONS : [];
        const imports = names.map((name) => `import ${name} from './utility/${name}.html';`);
        return `${imports.join('\n')}\nexport default { ${names.map((name) => `utility_${name}: ${name}`).join(', ')} };`;
    },
};

export default {
    input: 'page/main.js',
    output: { file: 'built/panel.js', format: 'iife', inlineDynamicImports: true },
    plugins: [
        slim,
        replace({ preventAssignment: true, values: { 'import.meta.env.SSR': 'false', 'process.env.NODE_ENV': '"production"' } }),
        lwc({
            modules: [
                { name: 'c/bothwaysPanel', path: 'force-app/main/default/lwc/bothwaysPanel/bothwaysPanel.js' },
                { name: 'lightning/uiRecordApi', path: 'page/uiRecordApi.js' },
                { npm: 'lightning-base-components' },
            ],
        }),
    ],
};
