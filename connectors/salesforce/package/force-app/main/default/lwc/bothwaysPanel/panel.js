import catalogue from './catalogue';

const NUMBER = /^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?$/;
const MILLISECONDS = /^[0-9]{10,14}$/;
const ISO =
    /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]{1,6})?(?:Z|([+-])([0-9]{2}):?([0-9]{2}))$/;
const DAY = 86400000;
const { words } = catalogue;

/**
 * Everything that is shown of a record at a moment, in words. `properties` is null when reading failed; a property that
 * is not in it is not installed or hidden from this user, one that is null is empty. Unknown is never shown as 0.
 */
export function toPanel(kind, properties, now) {
    const it = catalogue.objects[kind];
    if (!properties || !(it.stance in properties)) {
        return without('unreadable');
    }
    const code = String(properties[it.stance] || '').trim();
    if (!code) {
        return without('unscored');
    }
    const stance = catalogue.stances[kind][code] ?? named(code);
    const scoredAt = moment(properties[it.as_of]);
    const old = scoredAt === null ? null : now.getTime() - scoredAt;
    const stale = old !== null && old > catalogue.stale_after_days * DAY && code !== catalogue.frozen;
    return {
        state: stale ? 'stale' : 'scored',
        stance: stance.label,
        tone: stance.tone,
        advice: stance.advice,
        notice: stale ? words.stale.replace('{n}', String(Math.floor(old / DAY))) : '',
        figures: it.figures
            .filter((figure) => figure.property in properties)
            .map((figure) => shown(figure, properties[figure.property])),
        reasons: reasons(properties[it.reasons]),
        confidence: trust(properties[it.confidence]),
        as_of: scoredAt === null ? words.unknown : new Date(scoredAt).toISOString().slice(0, 10),
    };
}

function without(state) {
    const empty = { stance: '', tone: 'neutral', advice: '', figures: [], reasons: [], confidence: '', as_of: '' };
    return { ...empty, state, notice: words[state] };
}

/** A stance that a newer bothways has written: its code in words, without advice. */
function named(code) {
    const text = code.replaceAll('_', ' ');
    return { label: text.charAt(0).toUpperCase() + text.slice(1), tone: 'neutral', advice: '' };
}

function shown(figure, text) {
    const number = numeric(text);
    if (number === null) {
        return { label: figure.label, value: null, text: words.unknown, note: '' };
    }
    const value = whole(Math.min(Math.max(number, figure.low), figure.high));
    const sign = figure.low < 0 && value > 0 ? '+' : '';
    return { label: figure.label, value, text: `${sign}${value}`, note: figure.notes[Math.sign(value) + 1] };
}

function trust(text) {
    const number = numeric(text);
    if (number === null) {
        return words.unknown;
    }
    const value = Math.min(Math.max(number, 0), 100);
    const [, word] = catalogue.confidence.find(([least]) => value >= least);
    return `${word} (${whole(value)})`;
}

function reasons(text) {
    return String(text ?? '')
        .split(catalogue.separator)
        .map((part) => part.trim())
        .filter(Boolean)
        .map((part) => {
            const signed = /^[+-] /.test(part);
            return { sign: signed ? part[0] : '', text: signed ? part.slice(2).trim() : part };
        });
}

function numeric(text) {
    const usable = typeof text !== 'boolean' && NUMBER.test(String(text ?? '').trim());
    const value = usable ? Number(text) : NaN;
    return Number.isFinite(value) ? value : null;
}

/** Halves away from 0, in every language alike. */
function whole(value) {
    const size = Math.floor(Math.abs(value) + 0.5);
    return value < 0 && size > 0 ? -size : size;
}

/** ISO 8601 with a zone, or milliseconds since 1970; null for anything else, also for a day that does not exist. */
function moment(given) {
    const text = String(given ?? '').trim();
    if (MILLISECONDS.test(text)) {
        return Number(text);
    }
    const match = ISO.exec(text);
    if (!match) {
        return null;
    }
    const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
    const local = Date.UTC(year, month - 1, day, hour, minute, second);
    if (new Date(local).toISOString().slice(0, 19) !== text.slice(0, 19)) {
        return null;
    }
    const [hours, minutes] = [Number(match[9] ?? 0), Number(match[10] ?? 0)];
    if (hours > 23 || minutes > 59) {
        return null;
    }
    const east = (match[8] === '-' ? -1 : 1) * (hours * 60 + minutes) * 60000;
    return local + Number(`0${match[7] ?? ''}`) * 1000 - east;
}
