/** The entry that HubSpot's worker loads. */
import { afterEach, expect, it, vi } from "vitest";
import type { ReactElement } from "react";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

it("gives HubSpot a panel for companies and deals, and nothing for other records", async () => {
  type Extension = (api: { context: { crm: { objectTypeId: string } } }) => ReactElement;
  const given: Extension[] = [];
  vi.stubGlobal("self", {
    __HUBSPOT_EXTENSION_WORKER__: true,
    extend_V2: (extension: Extension) => given.push(extension),
    __useExtensionContext: () => undefined,
    logger: console,
  });
  await import("../BothwaysCard");
  const { BothwaysPanel } = await import("../BothwaysPanel");
  expect(given).toHaveLength(1);
  const of = (objectTypeId: string) => given[0]!({ context: { crm: { objectTypeId } } });
  expect([of("0-2").type, of("0-2").props.kind]).toEqual([BothwaysPanel, "account"]);
  expect([of("0-3").type, of("0-3").props.kind]).toEqual([BothwaysPanel, "deal"]);
  expect(of("0-1").type).not.toBe(BothwaysPanel);
});
