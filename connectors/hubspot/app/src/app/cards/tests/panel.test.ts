/** The shared table of cases, and what no table can say. */
import { describe, expect, it } from "vitest";
import { optional, properties, toPanel, type Given, type Kind, type Panel } from "../panel";
import table from "./panel-cases.json";

interface Case {
  name: string;
  kind: Kind;
  now: string;
  given: Given | null;
  panel: Panel;
}
const cases = table as unknown as Case[];

describe("toPanel", () => {
  it.each(cases.map((one) => [one.name, one] as const))("%s", (_, { kind, given, now, panel }) => {
    expect(toPanel(kind, given, new Date(now))).toStrictEqual(panel);
  });

  it("has cases of every state and kind", () => {
    expect(new Set(cases.map((one) => `${one.kind} ${one.panel.state}`)).size).toBeGreaterThanOrEqual(7);
  });

  it("takes no property of the language for a stance", () => {
    const panel = toPanel("account", { bothways_stance: "constructor" }, new Date());
    expect(panel).toMatchObject({ stance: "Constructor", advice: "" });
  });

  it("reads no property that is not ours", () => {
    for (const kind of ["account", "deal"] as const) {
      expect([...properties(kind), ...optional(kind)].every((name) => name.startsWith("bothways_"))).toBe(true);
    }
  });
});
