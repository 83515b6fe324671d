// Converts a source project to the metadata format; prints what it found as JSON.
import { ComponentSet, MetadataConverter } from '@salesforce/source-deploy-retrieve';

const [source, outputDirectory] = process.argv.slice(2);
const components = ComponentSet.fromSource(source);
await new MetadataConverter().convert(components, 'metadata', { type: 'directory', outputDirectory, genUniqueDir: false });
const found = components.getSourceComponents().toArray().map((one) => `${one.type.name} ${one.fullName}`);
console.log(JSON.stringify(found.sort()));
