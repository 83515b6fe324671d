/** The entry of both cards, sidebar and tab. */
import { hubspot } from "@hubspot/ui-extensions";
import { BothwaysPanel, kindOf } from "./BothwaysPanel";

hubspot.extend<"crm.record.sidebar" | "crm.record.tab">(({ context }) => {
  const kind = kindOf(context.crm.objectTypeId);
  return kind === null ? <></> : <BothwaysPanel kind={kind} now={new Date()} />;
});
