// Drives HubSpot's own client, unmodified, through a portal at argv[2] with the token argv[3].
import assert from 'node:assert/strict'
import { Client } from '@hubspot/api-client'

const [basePath, accessToken] = process.argv.slice(2)
const client = new Client({ basePath, accessToken, limiterOptions: { minTime: 0, maxConcurrent: 4 } })
const { crm } = client

const steps = []
const step = async (name, run) => {
  await run()
  steps.push(name)
}
const failure = async (promise) => {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('expected the call to fail')
}
const inputs = (...values) => ({ inputs: values })

let companies
await step('list', async () => {
  const page = await crm.companies.basicApi.getPage(5, undefined, ['name', 'domain'], undefined, ['contacts'], false)
  assert.equal(page.results.length, 5)
  assert.ok(page.results[0].createdAt instanceof Date)
  assert.ok(page.results.some((one) => one.associations?.contacts.results.length > 0))
  const next = await crm.companies.basicApi.getPage(5, page.paging.next.after, ['name'])
  assert.notEqual(next.results[0].id, page.results[0].id)
  companies = await crm.companies.getAll(undefined, undefined, ['name'])
  assert.equal(new Set(companies.map((one) => one.id)).size, companies.length)
  assert.ok(companies.length > 20)
  const archived = await crm.deals.basicApi.getPage(10, undefined, undefined, undefined, undefined, true)
  assert.ok(archived.results.every((one) => one.archived && one.archivedAt instanceof Date))
})

await step('get', async () => {
  const one = await crm.companies.basicApi.getById(companies[0].id, ['name'], ['name'])
  assert.equal(one.properties.name, companies[0].properties.name)
  assert.equal(one.propertiesWithHistory.name[0].value, one.properties.name)
})

await step('search', async () => {
  const request = {
    filterGroups: [{ filters: [{ propertyName: 'hs_object_id', operator: 'GT', value: companies[1].id }] }],
    sorts: ['hs_object_id'],
    properties: ['name'],
    limit: 3,
    after: '0',
  }
  const found = await crm.companies.searchApi.doSearch(request)
  assert.equal(found.total, companies.length - 2)
  assert.deepEqual(found.results.map((one) => one.id), companies.slice(2, 5).map((one) => one.id))
  const more = await crm.companies.searchApi.doSearch({ ...request, after: found.paging.next.after })
  assert.equal(more.results[0].id, companies[5].id)
})

await step('properties', async () => {
  await crm.properties.groupsApi.create('companies', { name: 'ours', label: 'Ours', displayOrder: -1 })
  const made = await crm.properties.coreApi.create('companies', {
    name: 'our_score',
    label: 'Score',
    type: 'number',
    fieldType: 'number',
    groupName: 'ours',
  })
  assert.equal(made.modificationMetadata.readOnlyValue, false)
  const batch = await crm.properties.batchApi.create(
    'companies',
    inputs({
      name: 'our_colour',
      label: 'Colour',
      type: 'enumeration',
      fieldType: 'select',
      groupName: 'ours',
      options: [{ label: 'Red', value: 'red', displayOrder: 0, hidden: false }],
    }),
  )
  assert.equal(batch.results[0].options[0].value, 'red')
  const again = await failure(
    crm.properties.coreApi.create('companies', { ...made, label: 'Score', groupName: 'ours' }),
  )
  assert.equal(again.code, 409)
  const changed = await crm.properties.coreApi.update('companies', 'our_score', { label: 'Better' })
  assert.equal(changed.label, 'Better')
  const all = await crm.properties.coreApi.getAll('companies')
  assert.ok(all.results.some((one) => one.name === 'our_score'))
})

await step('batch', async () => {
  const ids = companies.slice(0, 3).map((one) => one.id)
  const written = await crm.companies.batchApi.update(
    inputs(...ids.map((id, at) => ({ id, properties: { our_score: `${at}.50` }, objectWriteTraceId: `t-${at}` }))),
  )
  assert.equal(written.status, 'COMPLETE')
  assert.equal(written.results.length, 3)
  const read = await crm.companies.batchApi.read({
    inputs: ids.map((id) => ({ id })),
    properties: ['our_score'],
    propertiesWithHistory: [],
  })
  const held = Object.fromEntries(read.results.map((one) => [one.id, one.properties.our_score]))
  assert.deepEqual(ids.map((id) => held[id]), ['0.5', '1.5', '2.5'])
  const partly = await crm.companies.batchApi.update(
    inputs(
      { id: ids[0], properties: { our_score: '9' }, objectWriteTraceId: 'good' },
      { id: ids[1], properties: { our_colour: 'green' }, objectWriteTraceId: 'bad' },
    ),
  )
  assert.equal(partly.numErrors, 1)
  assert.deepEqual(partly.errors[0].context.objectWriteTraceId, ['bad'])
})

await step('create, update, merge, archive', async () => {
  const first = await crm.companies.basicApi.create({ properties: { name: 'First' }, associations: [] })
  const second = await crm.companies.basicApi.create({ properties: { name: 'Second' }, associations: [] })
  await crm.companies.basicApi.update(first.id, { properties: { city: 'Bonn' } })
  const survivor = await crm.companies.basicApi.merge({ primaryObjectId: first.id, objectIdToMerge: second.id })
  const read = await crm.companies.basicApi.getById(second.id, ['city'])
  assert.equal(read.id, survivor.id)
  assert.equal(read.properties.city, 'Bonn')
  await crm.companies.basicApi.archive(survivor.id)
  assert.equal((await failure(crm.companies.basicApi.getById(survivor.id))).code, 404)
})

await step('associations', async () => {
  const read = await crm.associations.v4.batchApi.getPage(
    'companies',
    'deals',
    inputs(...companies.map((one) => ({ id: one.id }))),
  )
  const withDeals = read.results.find((one) => one.to.length > 0)
  assert.ok(withDeals.to[0].associationTypes.some((one) => one.typeId === 342))
  const deal = String(withDeals.to[0].toObjectId)
  const page = await crm.associations.v4.basicApi.getPage('deals', deal, 'companies')
  assert.equal(String(page.results[0].toObjectId), withDeals._from.id)
  const company = await crm.companies.basicApi.create({ properties: { name: 'Linked' }, associations: [] })
  const made = await crm.associations.v4.batchApi.create(
    'companies',
    'deals',
    inputs({
      _from: { id: company.id },
      to: { id: deal },
      types: [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 342 }],
    }),
  )
  assert.equal(made.results.length, 1)
  await crm.associations.v4.basicApi.archive('companies', company.id, 'deals', deal)
  const labels = await crm.associations.v4.schema.definitionsApi.getAll('companies', 'contacts')
  assert.ok(labels.results.some((one) => one.typeId === 280))
})

await step('owners and pipelines', async () => {
  const owners = await crm.owners.ownersApi.getPage(undefined, undefined, 100, false)
  assert.ok(owners.results.every((one) => one.id && one.email))
  await crm.owners.ownersApi.getPage(undefined, undefined, 100, true)
  const pipelines = await crm.pipelines.pipelinesApi.getAll('deals')
  const won = pipelines.results[0].stages.filter((one) => one.metadata.probability === '1.0')
  assert.deepEqual(won.map((one) => one.metadata.isClosed), ['true'])
  const deals = await crm.deals.basicApi.getPage(20, undefined, ['dealstage'])
  const stages = new Set(pipelines.results[0].stages.map((one) => one.id))
  assert.ok(deals.results.every((one) => stages.has(one.properties.dealstage)))
})

await step('activities and custom objects', async () => {
  const emails = await crm.objects.emails.basicApi.getPage(2, undefined, ['hs_email_direction', 'hs_email_headers'])
  assert.ok(JSON.parse(emails.results[0].properties.hs_email_headers).from)
  const schemas = await crm.schemas.coreApi.getAll(false)
  const contract = schemas.results.find((one) => one.name === 'contract')
  const contracts = await crm.objects.basicApi.getPage(contract.objectTypeId, 2, undefined, ['start_date'])
  assert.match(contracts.results[0].properties.start_date, /^\d{4}-\d\d-\d\d/)
})

await step('errors', async () => {
  const unknown = await failure(crm.companies.basicApi.update(companies[0].id, { properties: { nope: '1' } }))
  assert.equal(unknown.code, 400)
  assert.match(unknown.body.message, /PROPERTY_DOESNT_EXIST/)
  const twice = await failure(
    crm.companies.batchApi.read({ inputs: [{ id: '1' }, { id: '1' }], properties: [], propertiesWithHistory: [] }),
  )
  assert.match(twice.body.message, /Duplicate IDs/)
  const tooMany = await failure(crm.companies.searchApi.doSearch({ filterGroups: [], sorts: [], properties: [], limit: 201, after: '0' }))
  assert.equal(tooMany.code, 400)
  const stranger = new Client({ basePath, accessToken: 'revoked' })
  const refused = await failure(stranger.crm.companies.basicApi.getPage())
  assert.equal(refused.code, 401)
  assert.equal(refused.body.category, 'INVALID_AUTHENTICATION')
})

console.log(JSON.stringify(steps))
