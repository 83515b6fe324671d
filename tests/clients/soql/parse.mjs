// Reads statements (a JSON list) from the standard input; prints those that are no SOQL, with what the parser says.
import { parseQuery } from '@jetstreamapp/soql-parser-js';
import { readFileSync } from 'node:fs';

const refused = [];
for (const statement of JSON.parse(readFileSync(0, 'utf-8'))) {
    try {
        parseQuery(statement);
    } catch (error) {
        refused.push([statement, error.message]);
    }
}
console.log(JSON.stringify(refused));
