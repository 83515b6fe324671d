/** Stands in for the platform's record service: answers with what the page holds, only what was asked for, later. */
export class getRecord {
    constructor(emit) {
        this.emit = emit;
    }
    connect() {}
    disconnect() {}
    update({ recordId, optionalFields }) {
        const held = window.RECORDS[recordId];
        const names = optionalFields.map((name) => name.split('.')[1]).filter((name) => held && name in held);
        const fields = Object.fromEntries(names.map((name) => [name, { value: held[name], displayValue: null }]));
        setTimeout(() => this.emit(held ? { data: { fields }, error: undefined } : { data: undefined, error: { status: 403 } }));
    }
}
