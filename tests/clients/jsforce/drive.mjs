// Drives an emulated organisation through jsforce as any application would: node drive.mjs URL TOKEN ADMIN_TOKEN ZIP
import assert from 'node:assert/strict';
import fs from 'node:fs';
import jsforce from 'jsforce';

const [, , instanceUrl, accessToken, adminToken, zipPath] = process.argv;
const version = '62.0';
const conn = new jsforce.Connection({ instanceUrl, accessToken, version });
const admin = new jsforce.Connection({ instanceUrl, accessToken: adminToken, version });
const done = [];
const step = async (name, body) => {
  await body();
  done.push(name);
};
const refusal = async (promise, code) => {
  const error = await promise.then(
    () => assert.fail(`expected ${code}`),
    (reason) => reason,
  );
  assert.equal(error.errorCode ?? error.name, code, String(error));
  return error;
};

await step('identity', async () => {
  const info = await conn.request('/services/oauth2/userinfo');
  assert.match(info.user_id, /^005/);
  assert.equal((await conn.identity()).user_id, info.user_id);
});

await step('query and queryMore', async () => {
  const first = await conn.query('SELECT Id, Owner.Name FROM Task');
  assert.equal(first.done, false);
  assert.equal(first.records.length, 2000);
  const seen = new Set(first.records.map((record) => record.Id));
  let page = first;
  while (!page.done) {
    page = await conn.queryMore(page.nextRecordsUrl);
    page.records.forEach((record) => seen.add(record.Id));
  }
  assert.equal(seen.size, first.totalSize);
});

await step('query builder with children', async () => {
  const accounts = await conn
    .sobject('Account')
    .find({ Name: { $like: '%a%' } }, 'Id, Name, CreatedDate')
    .include('Contacts')
    .select('Id, LastName')
    .end()
    .sort({ Name: 1 })
    .limit(5)
    .execute();
  assert.ok(accounts.length > 0 && accounts.length <= 5);
});

await step('describe', async () => {
  const everything = await conn.describeGlobal();
  assert.ok(everything.sobjects.some((thing) => thing.name === 'Account'));
  const account = await conn.describe('Account');
  assert.ok(account.fields.some((field) => field.name === 'Industry' && !field.updateable));
  assert.ok(!account.fields.some((field) => field.name === 'Bw_Score__c'));
});

await step('errors', async () => {
  const error = await refusal(conn.query('SELECT Bacon FROM Account'), 'INVALID_FIELD');
  assert.match(error.message, /ERROR at Row:1:Column:8/);
  await refusal(conn.sobject('Account').retrieve('001000000000000AAA'), 'NOT_FOUND');
  await refusal(new jsforce.Connection({ instanceUrl, accessToken: 'stale', version }).query('SELECT Id FROM Account'), 'INVALID_SESSION_ID');
});

await step('a 401 is answered by one refresh', async () => {
  let refreshed = 0;
  const stale = new jsforce.Connection({
    instanceUrl,
    accessToken: 'stale',
    version,
    refreshFn: (_, callback) => {
      refreshed += 1;
      callback(null, accessToken);
    },
  });
  const answer = await stale.query('SELECT COUNT() FROM Account');
  assert.ok(answer.totalSize > 0);
  assert.equal(refreshed, 1);
});

await step('metadata deploy over REST', async () => {
  const options = { singlePackage: true, rollbackOnError: true, testLevel: 'NoTestRun' };
  admin.metadata.pollInterval = 20;
  const result = await admin.metadata.deployRest(fs.readFileSync(zipPath), options).complete(true);
  assert.equal(result.status, 'Succeeded', JSON.stringify(result));
  assert.equal(result.numberComponentErrors, 0);
  const set = await admin.query("SELECT Id FROM PermissionSet WHERE Name = 'Bw'");
  const { user_id: user } = await conn.request('/services/oauth2/userinfo');
  const given = await admin.sobject('PermissionSetAssignment').create({ AssigneeId: user, PermissionSetId: set.records[0].Id });
  assert.equal(given.success, true);
  const account = await conn.describe('Account');
  assert.ok(account.fields.some((field) => field.name === 'Bw_Score__c' && field.updateable));
});

await step('metadata deploy over SOAP', async () => {
  const options = { singlePackage: true, rollbackOnError: true };
  const again = await admin.metadata.deploy(fs.readFileSync(zipPath), options).complete(true);
  assert.equal(again.status, 'Succeeded', JSON.stringify(again));
  assert.ok(again.details.componentSuccesses.every((component) => !component.created));
  await refusal(conn.metadata.deploy(fs.readFileSync(zipPath), options).check(), 'sf:INSUFFICIENT_ACCESS');
});

const { records: accounts } = await conn.query('SELECT Id FROM Account ORDER BY Id LIMIT 300');
const headers = { 'Sforce-Auto-Assign': 'FALSE' };

await step('update of a collection, with a bad row', async () => {
  const rows = accounts.map(({ Id }, index) => ({ Id, Bw_Score__c: index === 1 ? 100000 : index }));
  const results = await conn.sobject('Account').update(rows, { allowRecursive: true, headers });
  assert.equal(results.length, rows.length);
  assert.equal(results.filter((result) => result.success).length, rows.length - 1);
  assert.equal(results[1].success, false);
  assert.equal(results[1].errors[0].statusCode ?? results[1].errors[0].errorCode, 'NUMBER_OUTSIDE_VALID_RANGE');
});

await step('update of one row', async () => {
  const result = await conn.sobject('Account').update({ Id: accounts[0].Id, Bw_Reason__c: 'one' }, { headers });
  assert.equal(result.success, true);
  const row = await conn.sobject('Account').retrieve(accounts[0].Id);
  assert.equal(row.Bw_Reason__c, 'one');
});

await step('bulk 2.0 ingest', async () => {
  conn.bulk2.pollInterval = 20;
  const input = accounts.map(({ Id }, index) => ({ Id, Bw_Score__c: index + 0.25, Bw_Stance__c: index === 2 ? 'bad' : 'protect' }));
  const results = await conn.bulk2.loadAndWaitForResults({ object: 'Account', operation: 'update', input, pollInterval: 20 });
  assert.equal(results.successfulResults.length, input.length - 1);
  assert.equal(results.failedResults.length, 1);
  assert.match(results.failedResults[0].sf__Error, /^INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST/);
  assert.equal(results.unprocessedRecords.length, 0);
});

await step('bulk 2.0 query', async () => {
  const stream = await conn.bulk2.query('SELECT Id, Bw_Score__c FROM Account', { pollInterval: 20 });
  const rows = await stream.toArray();
  const { totalSize } = await conn.query('SELECT COUNT() FROM Account');
  assert.equal(rows.length, totalSize);
  assert.equal(rows.find((row) => row.Id === accounts[0].Id).Bw_Score__c, '0.25');
});

await step('bulk 1 load and query', async () => {
  conn.bulk.pollInterval = 20;
  const rows = accounts.slice(0, 3).map(({ Id }, index) => ({ Id, Bw_Score__c: index === 1 ? 'x' : '7', Bw_Reason__c: 'é, "q"' }));
  const results = await conn.bulk.load('Account', 'update', rows);
  assert.deepEqual(results.map((result) => result.success), [true, false, true]);
  assert.match(results[1].errors[0], /^INVALID_TYPE_ON_FIELD_IN_RECORD|^MALFORMED|^NUMBER/);
  const read = await (await conn.bulk.query('SELECT Id, Bw_Reason__c FROM Account')).toArray();
  assert.equal(read.find((row) => row.Id === accounts[0].Id).Bw_Reason__c, 'é, "q"');
  const job = conn.bulk.createJob('Account', 'update');
  await job.open();
  assert.equal((await job.check()).state, 'Open');
  assert.equal((await job.abort()).state, 'Aborted');
});

await step('tooling', async () => {
  const rules = await admin.tooling.query("SELECT Id, ValidationName, EntityDefinition.QualifiedApiName FROM ValidationRule WHERE Active = true");
  assert.deepEqual(rules.records.map((rule) => [rule.ValidationName, rule.EntityDefinition.QualifiedApiName]), [['Fax_needed', 'Account']]);
  const triggers = await admin.tooling.sobject('ApexTrigger').find({ Status: 'Active' }, 'Id, Name, TableEnumOrId');
  assert.deepEqual(triggers.map((trigger) => trigger.Name), ['AccountTrigger']);
  assert.ok((await admin.tooling.describeGlobal()).sobjects.some((thing) => thing.name === 'ValidationRule'));
  assert.ok((await admin.tooling.describe('ApexTrigger')).fields.some((field) => field.name === 'TableEnumOrId'));
  const flows = await admin.query('SELECT ApiName, TriggerObjectOrEvent.QualifiedApiName FROM FlowDefinitionView WHERE IsActive = true');
  assert.equal(flows.records[0].TriggerObjectOrEvent.QualifiedApiName, 'Opportunity');
  await refusal(conn.tooling.query('SELECT Id FROM ValidationRule'), 'INSUFFICIENT_ACCESS');
});

await step('metadata calls over SOAP', async () => {
  const described = await admin.metadata.describe(version);
  assert.ok(described.metadataObjects.some((kind) => kind.xmlName === 'PermissionSet' && kind.directoryName === 'permissionsets'));
  const listed = await admin.metadata.list([{ type: 'CustomField' }, { type: 'PermissionSet' }], version);
  assert.ok(listed.some((item) => item.fullName === 'Account.Bw_Score__c'));
  const field = { fullName: 'Account.Made__c', label: 'Made', type: 'Text', length: 40 };
  assert.equal((await admin.metadata.upsert('CustomField', field)).created, true);
  assert.equal((await admin.metadata.upsert('CustomField', field)).created, false);
  const read = await admin.metadata.read('CustomField', ['Account.Made__c', 'Account.Bw_Stance__c']);
  assert.deepEqual([read[0].type, Number(read[0].length)], ['Text', 40]);
  assert.equal([read[1].valueSet.valueSetDefinition.value].flat()[0].fullName, 'protect');
  const types = [{ name: 'CustomField', members: ['Account.Made__c'] }, { name: 'PermissionSet', members: ['*'] }];
  const zip = await admin.metadata.retrieve({ apiVersion: version, singlePackage: true, unpackaged: { types, version } }).complete();
  assert.equal(zip.status, 'Succeeded');
  assert.equal(Buffer.from(zip.zipFile, 'base64').subarray(0, 2).toString(), 'PK');
  const removed = await admin.metadata.delete('CustomField', ['Account.Made__c']);
  assert.equal((Array.isArray(removed) ? removed[0] : removed).success, true);
});

await step('search, recent, list views, explain', async () => {
  const row = await conn.sobject('Account').retrieve(accounts[0].Id);
  const found = await conn.search(`FIND {${row.Name.split(' ')[0]}} IN NAME FIELDS RETURNING Account(Id, Name)`);
  assert.ok(found.searchRecords.some((record) => record.Id === row.Id));
  assert.deepEqual(await conn.recent(), []);
  assert.deepEqual((await conn.sobject('Account').listviews()).listviews, []);
  assert.equal((await conn.query('SELECT Id FROM Account').explain()).plans.length, 1);
});

await step('limits', async () => {
  const limits = await conn.limits();
  assert.ok(limits.DailyApiRequests.Remaining < limits.DailyApiRequests.Max);
  assert.ok(conn.limitInfo.apiUsage.used > 0);
});

process.stdout.write(JSON.stringify(done));
