/** The rendered card: its tree of HubSpot components in each state. */
import {
  Alert,
  EmptyState,
  ErrorState,
  Flex,
  List,
  LoadingSpinner,
  StatisticsItem,
  StatusTag,
  Text,
} from "@hubspot/ui-extensions";
import { createRenderer } from "@hubspot/ui-extensions/testing";
import { describe, expect, it } from "vitest";
import { BothwaysPanel, kindOf } from "../BothwaysPanel";
import { optional, properties, toPanel, type Given, type Kind, type Panel } from "../panel";
import table from "./panel-cases.json";

const NOW = new Date("2026-11-20T12:00:00Z");
const cases = table as unknown as { name: string; kind: Kind; now: string; given: Given | null; panel: Panel }[];

function shown(kind: Kind, given: Given | null, more: { isLoading?: boolean } = {}, absent: string[] = []) {
  const renderer = createRenderer("crm.record.sidebar");
  renderer.mocks.useCrmProperties.willCall((names) => ({
    properties: Object.fromEntries(
      Object.entries(given ?? {}).filter(([name]) => names.includes(name)),
    ) as Record<string, string | null>,
    error: given === null || names.some((name) => absent.includes(name)) ? new Error("refused") : null,
    isLoading: false,
    isRefetching: false,
    refetch: async () => {},
    ...more,
  }));
  renderer.render(<BothwaysPanel kind={kind} now={NOW} />);
  return renderer;
}

describe("the card", () => {
  it.each(cases.map((one) => [one.name, one] as const))("says all that the panel holds: %s", (_, { kind, given }) => {
    const panel = toPanel(kind, given, NOW);
    const card = shown(kind, given);
    if (panel.state === "unreadable" || panel.state === "unscored") {
      expect(card.find(panel.state === "unreadable" ? ErrorState : EmptyState).find(Text).text).toBe(panel.notice);
      expect(card.maybeFind(StatusTag)).toBeNull();
      return;
    }
    expect(card.findAll(Alert).map((alert) => alert.props.title)).toEqual(panel.notice === "" ? [] : [panel.notice]);
    expect(card.find(StatusTag).text).toBe(panel.stance);
    expect(card.findAll(StatisticsItem).map((item) => [item.props.label, item.props.number])).toEqual(
      panel.figures.map((figure) => [figure.label, figure.text]),
    );
    const reasons = panel.reasons.map(({ sign, text }) => (sign === "" ? text : `${sign} ${text}`));
    expect(card.findAll(List).flatMap((list) => list.findAll(Text).map((one) => one.text))).toEqual(reasons);
    expect(card.findAll(Text).map((one) => one.text)).toEqual([
      ...(panel.advice === "" ? [] : [panel.advice]),
      ...panel.figures.map((figure) => figure.note).filter((note) => note !== ""),
      ...reasons,
      `How sure: ${panel.confidence}`,
      `As of: ${panel.as_of}`,
    ]);
  });

  it("puts stance and advice before everything else", () => {
    const [first, second] = shown("account", cases[0]!.given).find(Flex).childNodes;
    expect(first?.text).toBe("Stay close");
    expect(second?.text).toBe(cases[0]!.panel.advice);
  });

  it.each(["account", "deal"] as const)("waits while HubSpot reads a %s", (kind) => {
    const card = shown(kind, {}, { isLoading: true });
    expect(card.maybeFind(LoadingSpinner)).not.toBeNull();
    expect(card.maybeFind(Text)).toBeNull();
  });

  it.each(["account", "deal"] as const)("asks for the properties of %s and nothing else", (kind) => {
    const { mocks } = shown(kind, {});
    const asked = [...optional(kind), ...properties(kind)];
    expect(mocks.useCrmProperties.calls.flatMap(([names]) => names)).toEqual(asked);
    expect(mocks.useCrmProperties.calls.every(([names]) => names.length > 0)).toBe(true);
  });

  it("shows the rest of a deal where the essential profile leaves a property out", () => {
    const { name, given } = cases.find((one) => one.kind === "deal" && one.panel.figures.length === 3)!;
    const card = shown("deal", given, {}, optional("deal"));
    expect(optional("deal").length, name).toBe(1);
    expect(card.find(StatusTag).text).toBe("Ask for effort");
    expect(card.findAll(StatisticsItem).map((item) => item.props.label)).toEqual([
      "They need this deal",
      "Balance of effort on this deal",
    ]);
  });

  it("knows companies and deals", () => {
    expect(["0-2", "0-3", "0-1"].map(kindOf)).toEqual(["account", "deal", null]);
  });
});
