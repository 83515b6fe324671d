/** What stands on the page in each state, and that it can be read by everybody. */
import { setup } from '@sa11y/jest';
import { createElement } from 'lwc';
import BothwaysPanel from 'c/bothwaysPanel';
import { getRecord } from 'lightning/uiRecordApi';
import catalogue from './force-app/main/default/lwc/bothwaysPanel/catalogue';

setup();

const HOUR = 3600000;
const ACCOUNT = {
    Bothways_Stance__c: 'build_close',
    Bothways_Customer_Dependence__c: 78.4,
    Bothways_Seller_Dependence__c: null,
    Bothways_Reciprocity_Balance__c: -12,
    Bothways_Top_Drivers__c: '+ 6 products in use; - 1 rival seen in 24 mo; we wrote 9, they wrote 11 (90 d)',
    Bothways_Confidence__c: 71.2,
};

function record(values) {
    return { fields: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value, displayValue: null }])) };
}

function scored(hoursAgo, values = ACCOUNT) {
    return record({ ...values, Bothways_Asof__c: new Date(Date.now() - hoursAgo * HOUR).toISOString() });
}

function open(objectApiName = 'Account') {
    const element = createElement('c-bothways-panel', { is: BothwaysPanel });
    element.recordId = '001000000000001AAA';
    element.objectApiName = objectApiName;
    document.body.appendChild(element);
    return element;
}

async function shows(data, objectApiName) {
    const element = open(objectApiName);
    getRecord.emit(data);
    await Promise.resolve();
    return element;
}

const text = (element, selector) => element.shadowRoot.querySelector(selector)?.textContent;

afterEach(() => {
    document.body.replaceChildren();
});

test.each([
    ['Account', 'Account.Bothways_Stance__c'],
    ['Opportunity', 'Opportunity.Bothways_Deal_Stance__c'],
])('of an %s only fields of ours are asked for, none of them required', async (objectApiName, stance) => {
    open(objectApiName);
    await Promise.resolve();
    const { optionalFields, fields, recordId } = getRecord.getLastConfig();
    expect(recordId).toBe('001000000000001AAA');
    expect(fields).toBeUndefined();
    expect(optionalFields).toContain(stance);
    expect(optionalFields.every((name) => name.startsWith(`${objectApiName}.Bothways_`))).toBe(true);
});

test('a spinner stands until the record is there', async () => {
    const element = open();
    await Promise.resolve();
    expect(element.shadowRoot.querySelector('lightning-spinner').alternativeText).toBe('Loading');
    await expect(element).toBeAccessible();
});

test('a score: stance and advice first, then the figures, the reasons, how far to trust them', async () => {
    const element = await shows(scored(2));
    expect(text(element, 'h3')).toBe('Stay close');
    expect(text(element, '.advice')).toBe(catalogue.stances.account.build_close.advice);
    expect(element.shadowRoot.querySelector('.notice')).toBeNull();
    const order = [...element.shadowRoot.querySelectorAll('.stance, .picture, .reasons, .trust')];
    expect(order.map((part) => part.classList[0])).toEqual(['stance', 'picture', 'reasons', 'trust']);
    expect(text(element, '.customer .figure')).toBe('78');
    expect(text(element, '.balance .figure')).toBe('-12');
    expect([...element.shadowRoot.querySelectorAll('.reasons li')].map((item) => item.textContent)).toEqual([
        '+6 products in use',
        '-1 rival seen in 24 mo',
        'we wrote 9, they wrote 11 (90 d)',
    ]);
    expect(text(element, '.trust')).toContain('high (71)');
    await expect(element).toBeAccessible();
});

test('what is unknown says so, has no bar, and is not 0', async () => {
    const element = await shows(scored(2));
    expect(text(element, '.seller .figure')).toBe('unknown');
    expect(element.shadowRoot.querySelector('.seller .bar')).toBeNull();
    expect(element.shadowRoot.querySelector('.seller .void')).not.toBeNull();
});

test('after more than a week the score is shown with its age', async () => {
    const element = await shows(scored(9 * 24 + 1));
    expect(text(element, '.notice')).toContain('9 days old');
    expect(text(element, 'h3')).toBe('Stay close');
    await expect(element).toBeAccessible();
});

test('no score yet is not no access', async () => {
    const empty = await shows(record(Object.fromEntries(Object.keys(ACCOUNT).map((name) => [name, null]))));
    expect(text(empty, '.notice')).toBe(catalogue.words.unscored);
    expect(empty.shadowRoot.querySelector('.picture')).toBeNull();
    await expect(empty).toBeAccessible();
    const hidden = await shows({ fields: {} });
    expect(text(hidden, '.notice')).toBe(catalogue.words.unreadable);
});

test('a failed read says so and a later success replaces it', async () => {
    const element = open();
    getRecord.error();
    await Promise.resolve();
    expect(text(element, '.notice')).toBe(catalogue.words.unreadable);
    getRecord.emit(scored(2));
    await Promise.resolve();
    expect(element.shadowRoot.querySelector('.notice')).toBeNull();
    expect(text(element, 'h3')).toBe('Stay close');
});

test('a deal without the fields of the full profile, without reasons, of a stance from a newer version', async () => {
    const deal = {
        Bothways_Deal_Stance__c: 'wait_and_see',
        Bothways_Deal_Customer_Dependence__c: 51,
        Bothways_Deal_Reciprocity_Balance__c: null,
        Bothways_Deal_Confidence__c: null,
        Bothways_Deal_Asof__c: new Date().toISOString(),
    };
    const element = await shows(record(deal), 'Opportunity');
    expect(text(element, 'h3')).toBe('Wait and see');
    expect(element.shadowRoot.querySelector('.advice')).toBeNull();
    expect(element.shadowRoot.querySelector('.seller')).toBeNull();
    expect(element.shadowRoot.querySelector('.reasons')).toBeNull();
    expect(element.shadowRoot.querySelector('.balance .mark')).toBeNull();
    await expect(element).toBeAccessible();
});
