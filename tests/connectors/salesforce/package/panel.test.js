/** Every case of the table that all components share, and the shapes of text that it does not have. */
import cases from './panel-cases.json';
import catalogue from './force-app/main/default/lwc/bothwaysPanel/catalogue';
import { FIELDS, KINDS, given, wanted } from './force-app/main/default/lwc/bothwaysPanel/fields';
import { toPanel } from './force-app/main/default/lwc/bothwaysPanel/panel';
import { toPicture } from './force-app/main/default/lwc/bothwaysPanel/picture';

test.each(cases.map((one) => [one.name, one]))('%s', (_, { kind, given, now, panel }) => {
    expect(toPanel(kind, given, new Date(now))).toEqual(panel);
});

test.each(Object.entries(KINDS))('%s: the fields are the properties of the catalogue', (objectApiName, kind) => {
    expect(Object.keys(FIELDS[objectApiName]).sort()).toEqual([...catalogue.objects[kind].properties].sort());
});

test.each(['2026-02-30T00:00:00Z', '2026-11-20T24:30:00Z', '2026-11-20T00:00:00+99:00', true])(
    'a moment of %s is unknown',
    (asof) => {
        const panel = toPanel('account', { bothways_stance: 'maintain', bothways_asof: asof }, new Date());
        expect([panel.state, panel.as_of]).toEqual(['scored', 'unknown']);
    }
);

test('a moment west of Greenwich is a later one in universal time', () => {
    const given = { bothways_stance: 'maintain', bothways_asof: '2026-11-19T23:00:00-0500' };
    expect(toPanel('account', given, new Date('2026-11-20T12:00:00Z')).as_of).toBe('2026-11-20');
});

test('the picture has no bar for what is unknown and no place for what is not installed', () => {
    const given = { bothways_deal_stance: 'advance', bothways_deal_customer_dependence: null, bothways_deal_reciprocity_balance: -40 };
    const picture = toPicture('deal', toPanel('deal', given, new Date()));
    expect(picture.customer).toMatchObject({ known: false, text: 'unknown' });
    expect(picture.seller).toBeNull();
    expect(picture.balance).toMatchObject({ known: true, bar: 'left:30%;width:20%', mark: 'left:30%' });
});

test('a full bar and a full balance stay inside their rails', () => {
    const given = { bothways_stance: 'partner', bothways_customer_dependence: 400, bothways_reciprocity_balance: 400 };
    const picture = toPicture('account', toPanel('account', given, new Date()));
    expect(picture.customer.bar).toBe('width:100%');
    expect(picture.balance).toMatchObject({ bar: 'left:50%;width:50%', mark: 'left:100%' });
});

test('of any other object nothing is asked and nothing is taken', () => {
    expect(wanted('Lead')).toEqual([]);
    expect(given('Lead', { fields: { Bothways_Stance__c: { value: 'partner' } } })).toEqual({});
    expect(given('Account', {})).toEqual({});
});
