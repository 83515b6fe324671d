/** What the card shows of a record's properties. Words and rules are those of panel.json; pure, without a clock. */
import catalogue from "./panel.json";

export type Kind = "account" | "deal";
/** Properties as HubSpot gives them: absent when hidden or not there, null when empty. */
export type Given = Readonly<Record<string, string | number | null>>;
export type State = "scored" | "stale" | "unscored" | "unreadable";
export type Tone = "good" | "attention" | "urgent" | "neutral";

export interface Figure {
  label: string;
  /** A whole number; null when unknown. */
  value: number | null;
  text: string;
  note: string;
}

export interface Reason {
  /** "+" raises dependence, "-" lowers it, "" is a plain fact. */
  sign: string;
  text: string;
}

export interface Panel {
  state: State;
  stance: string;
  tone: Tone;
  advice: string;
  notice: string;
  figures: Figure[];
  reasons: Reason[];
  confidence: string;
  as_of: string;
}

interface Stance {
  label: string;
  tone: string;
  advice: string;
}

type FigureSpec = (typeof catalogue.objects.account.figures)[number];
type Value = string | number | null | undefined;

const DAY = 86_400_000;
const { words } = catalogue;

/** The properties that are there in every profile. */
export function properties(kind: Kind): string[] {
  return catalogue.objects[kind].properties.filter((name) => !optional(kind).includes(name));
}

/** Properties that are not there in the essential profile. */
export function optional(kind: Kind): string[] {
  return catalogue.objects[kind].optional;
}

/** The panel of a record at a moment; `given` is null when reading failed. */
export function toPanel(kind: Kind, given: Given | null, now: Date): Panel {
  const object = catalogue.objects[kind];
  if (given === null || !(object.stance in given)) return without("unreadable");
  const code = String(given[object.stance] ?? "").trim();
  if (code === "") return without("unscored");
  const stance = stanceOf(kind, code);
  const scoredAt = moment(given[object.as_of]);
  const age = scoredAt === null ? 0 : now.getTime() - scoredAt.getTime();
  const stale = age > catalogue.stale_after_days * DAY && code !== catalogue.frozen;
  return {
    state: stale ? "stale" : "scored",
    stance: stance.label,
    tone: stance.tone as Tone,
    advice: stance.advice,
    notice: stale ? words.stale.replace("{n}", String(Math.floor(age / DAY))) : "",
    figures: object.figures.filter((one) => one.property in given).map((one) => figure(one, given[one.property])),
    reasons: reasons(given[object.reasons]),
    confidence: trust(given[object.confidence]),
    as_of: scoredAt === null ? words.unknown : scoredAt.toISOString().slice(0, 10),
  };
}

function without(state: "unscored" | "unreadable"): Panel {
  return {
    state,
    stance: "",
    tone: "neutral",
    advice: "",
    notice: words[state],
    figures: [],
    reasons: [],
    confidence: "",
    as_of: "",
  };
}

function stanceOf(kind: Kind, code: string): Stance {
  const known: Record<string, Stance> = catalogue.stances[kind];
  if (Object.hasOwn(known, code)) return known[code] as Stance;
  const label = code.replaceAll("_", " ");
  return { label: label.slice(0, 1).toUpperCase() + label.slice(1), tone: "neutral", advice: "" };
}

function figure(spec: FigureSpec, given: Value): Figure {
  const value = number(given);
  if (value === null) return { label: spec.label, value: null, text: words.unknown, note: "" };
  const shown = whole(clamp(value, spec.low, spec.high));
  const sign = spec.low < 0 && shown > 0 ? "+" : "";
  const note = spec.notes[shown < 0 ? 0 : shown === 0 ? 1 : 2] ?? "";
  return { label: spec.label, value: shown, text: `${sign}${shown}`, note };
}

function trust(given: Value): string {
  const value = number(given);
  if (value === null) return words.unknown;
  const clamped = clamp(value, 0, 100);
  const band = catalogue.confidence.find(([least]) => clamped >= Number(least));
  return `${band?.[1] ?? words.unknown} (${whole(clamped)})`;
}

function reasons(given: Value): Reason[] {
  return String(given ?? "")
    .split(catalogue.separator)
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) =>
      part.startsWith("+ ") || part.startsWith("- ")
        ? { sign: part.slice(0, 1), text: part.slice(2).trim() }
        : { sign: "", text: part },
    );
}

function number(given: Value): number | null {
  const text = String(given ?? "").trim();
  if (!/^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?$/.test(text)) return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** Halves away from 0; never -0. */
function whole(value: number): number {
  return Math.sign(value) * Math.floor(Math.abs(value) + 0.5) + 0;
}

/** ISO 8601 with a zone, or milliseconds since 1970; anything else is unknown. */
function moment(given: Value): Date | null {
  const text = String(given ?? "").trim();
  if (/^[0-9]{10,14}$/.test(text)) return new Date(Number(text));
  const parts = /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?)(Z|[+-][0-9]{2}:?[0-9]{2})$/.exec(text);
  if (parts === null) return null;
  const [, year, month, day, hour, rest, zone] = parts;
  // Date.parse lets 30 February and 24:00 pass as the day after
  const lastDay = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  if (Number(day) > lastDay || Number(hour) > 23) return null;
  const offset = zone === "Z" ? "Z" : `${zone?.slice(0, 3)}:${zone?.slice(-2)}`;
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${rest}${offset}`);
  return Number.isNaN(at) ? null : new Date(at);
}
