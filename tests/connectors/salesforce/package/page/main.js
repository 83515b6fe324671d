import '@lwc/synthetic-shadow';
import { createElement } from 'lwc';
import BothwaysPanel from 'c/bothwaysPanel';

for (const place of document.querySelectorAll('[data-record]')) {
    const element = createElement('c-bothways-panel', { is: BothwaysPanel });
    element.recordId = place.dataset.record;
    element.objectApiName = place.dataset.object;
    place.appendChild(element);
}
