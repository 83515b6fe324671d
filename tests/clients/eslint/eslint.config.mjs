// The strictest of the configurations that Salesforce ships for Lightning Web Components.
import lwc from '@salesforce/eslint-config-lwc';

export default lwc.configs.extended.map((each) => ({ files: ['lwc/**/*.js'], ...each }));
