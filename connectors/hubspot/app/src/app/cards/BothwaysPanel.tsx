/** The card's content: stance and advice first, then the figures, the reasons, and how far to trust them. */
import {
  Alert,
  EmptyState,
  ErrorState,
  Flex,
  Heading,
  List,
  LoadingSpinner,
  Statistics,
  StatisticsItem,
  StatusTag,
  Text,
} from "@hubspot/ui-extensions";
import { useCrmProperties } from "@hubspot/ui-extensions/crm";
import catalogue from "./panel.json";
import { optional, properties, toPanel, type Given, type Kind, type Panel, type Tone } from "./panel";

const COMPANY = "0-2";
const DEAL = "0-3";
const VARIANTS: Record<Tone, "success" | "warning" | "danger" | "default"> = {
  good: "success",
  attention: "warning",
  urgent: "danger",
  neutral: "default",
};
const { words } = catalogue;

/** What kind of record a HubSpot object type is; null for one that has no scores. */
export function kindOf(objectTypeId: string): Kind | null {
  return objectTypeId === COMPANY ? "account" : objectTypeId === DEAL ? "deal" : null;
}

interface Props {
  kind: Kind;
  now: Date;
}

/** The panel of the record that the card is on. */
export function BothwaysPanel(props: Props) {
  return optional(props.kind).length > 0 ? <WithOptional {...props} /> : <WithNeeded {...props} more={{}} />;
}

/** Asks apart for what may not exist, so that it does not cost the rest. */
function WithOptional(props: Props) {
  const { properties: more, error, isLoading } = useCrmProperties(optional(props.kind));
  return isLoading ? <Waiting /> : <WithNeeded {...props} more={error === null ? more : {}} />;
}

function WithNeeded({ kind, now, more }: Props & { more: Given }) {
  const { properties: given, error, isLoading } = useCrmProperties(properties(kind));
  return isLoading ? <Waiting /> : <Shown panel={toPanel(kind, error === null ? { ...more, ...given } : null, now)} />;
}

function Waiting() {
  return <LoadingSpinner label="Bothways" />;
}

function Shown({ panel }: { panel: Panel }) {
  if (panel.state === "unreadable") {
    return (
      <ErrorState title="Bothways" type="lock">
        <Text>{panel.notice}</Text>
      </ErrorState>
    );
  }
  if (panel.state === "unscored") {
    return (
      <EmptyState title="Bothways" layout="vertical" flush={true}>
        <Text>{panel.notice}</Text>
      </EmptyState>
    );
  }
  return (
    <Flex direction="column" gap="small">
      {panel.state === "stale" && <Alert title={panel.notice} variant="warning" />}
      <StatusTag variant={VARIANTS[panel.tone]}>{panel.stance}</StatusTag>
      {panel.advice !== "" && <Text>{panel.advice}</Text>}
      <Statistics>
        {panel.figures.map((figure) => (
          <StatisticsItem key={figure.label} label={figure.label} number={figure.text}>
            {figure.note !== "" && <Text variant="microcopy">{figure.note}</Text>}
          </StatisticsItem>
        ))}
      </Statistics>
      {panel.reasons.length > 0 && <Heading>{words.why}</Heading>}
      {panel.reasons.length > 0 && (
        <List variant="unordered-styled">
          {panel.reasons.map((reason) => (
            <Text key={reason.sign + reason.text}>{`${reason.sign} ${reason.text}`.trim()}</Text>
          ))}
        </List>
      )}
      <Text variant="microcopy">{`${words.confidence}: ${panel.confidence}`}</Text>
      <Text variant="microcopy">{`${words.as_of}: ${panel.as_of}`}</Text>
    </Flex>
  );
}
