import { LightningElement, api, wire } from 'lwc';
import { getRecord } from 'lightning/uiRecordApi';
import catalogue from './catalogue';
import { KINDS, given, wanted } from './fields';
import { toPanel } from './panel';
import { toPicture } from './picture';

const ICONS = { good: 'utility:success', attention: 'utility:warning', urgent: 'utility:priority', neutral: 'utility:info' };

/** The scores of the account or opportunity whose page this stands on. Reads fields of the record and nothing else. */
export default class BothwaysPanel extends LightningElement {
    @api recordId;
    @api objectApiName;
    words = catalogue.words;
    panel;
    picture;

    get fields() {
        return wanted(this.objectApiName);
    }

    @wire(getRecord, { recordId: '$recordId', optionalFields: '$fields' })
    read({ data, error }) {
        if (data || error) {
            const kind = KINDS[this.objectApiName];
            this.panel = toPanel(kind, data ? given(this.objectApiName, data) : null, new Date());
            this.picture = toPicture(kind, this.panel);
        }
    }

    get hasScore() {
        return ['scored', 'stale'].includes(this.panel.state);
    }

    get icon() {
        return ICONS[this.panel.tone];
    }

    get stanceClass() {
        return `stance slds-m-bottom_small ${this.panel.tone}`;
    }

    get noticeClass() {
        const warns = this.panel.state === 'stale' ? 'slds-theme_warning' : 'slds-scoped-notification_light';
        return `notice slds-scoped-notification slds-media slds-media_center slds-m-bottom_small ${warns}`;
    }

    get noticeIcon() {
        return this.panel.state === 'stale' ? 'utility:warning' : 'utility:info';
    }

    get reasons() {
        return this.panel.reasons.map((reason, key) => ({ ...reason, key }));
    }
}
