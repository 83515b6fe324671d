/** Property of the catalogue -> field, by object. Nothing else is read. */
export const FIELDS = {
    Account: {
        bothways_stance: 'Bothways_Stance__c',
        bothways_customer_dependence: 'Bothways_Customer_Dependence__c',
        bothways_seller_dependence: 'Bothways_Seller_Dependence__c',
        bothways_reciprocity_balance: 'Bothways_Reciprocity_Balance__c',
        bothways_top_drivers: 'Bothways_Top_Drivers__c',
        bothways_confidence: 'Bothways_Confidence__c',
        bothways_asof: 'Bothways_Asof__c',
    },
    Opportunity: {
        bothways_deal_stance: 'Bothways_Deal_Stance__c',
        bothways_deal_customer_dependence: 'Bothways_Deal_Customer_Dependence__c',
        bothways_deal_seller_dependence: 'Bothways_Deal_Seller_Dependence__c',
        bothways_deal_reciprocity_balance: 'Bothways_Deal_Reciprocity_Balance__c',
        bothways_deal_top_drivers: 'Bothways_Deal_Top_Drivers__c',
        bothways_deal_confidence: 'Bothways_Deal_Confidence__c',
        bothways_deal_asof: 'Bothways_Deal_Asof__c',
    },
};

export const KINDS = { Account: 'account', Opportunity: 'deal' };

/** What to ask of the record. All are optional: a field that is not installed, or hidden from this user, is just absent. */
export function wanted(objectApiName) {
    return Object.values(FIELDS[objectApiName] ?? {}).map((name) => `${objectApiName}.${name}`);
}

/** The record's properties: absent stays absent, empty is null. */
export function given(objectApiName, record) {
    const held = record.fields ?? {};
    return Object.fromEntries(
        Object.entries(FIELDS[objectApiName] ?? {})
            .filter(([, name]) => name in held)
            .map(([property, name]) => [property, held[name].value])
    );
}
