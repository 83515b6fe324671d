import catalogue from './catalogue';

/**
 * The figures as a drawing: the customer's side to the left, ours to the right, for need and for effort alike.
 * A side whose number is unknown has no bar; a figure that is not installed is not drawn at all.
 */
export function toPicture(kind, panel) {
    const [customer, seller, balance] = catalogue.objects[kind].figures.map((definition) => {
        const figure = panel.figures.find(({ label }) => label === definition.label);
        return figure ? { ...figure, known: figure.value !== null, definition } : null;
    });
    return { customer: side(customer), seller: side(seller), balance: scale(balance) };
}

function side(figure) {
    return figure && { ...figure, bar: `width:${figure.value ?? 0}%` };
}

function scale(figure) {
    if (!figure) {
        return null;
    }
    const [left, , right] = figure.definition.notes;
    const size = Math.abs(figure.value ?? 0) / 2;
    const from = figure.value < 0 ? 50 - size : 50;
    return {
        ...figure,
        left,
        right,
        bar: `left:${from}%;width:${size}%`,
        mark: `left:${50 + (figure.value ?? 0) / 2}%`,
    };
}
