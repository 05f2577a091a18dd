import { Accordion, Badge, Card, Code, Group, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { LifeBuoy } from "lucide-react";
import { ApiError, getBlob } from "../api/client";
import { useBundles } from "../api/queries";
import type { Account, Bundle } from "../api/types";
import { useObjectUrl } from "../parts/objectUrl";
import { kept, words } from "../parts/repair";
import { sentence } from "../parts/sentence";
import { size } from "../parts/size";
import { clock, exact } from "../parts/time";
import { Empty, Trouble, Waiting } from "../parts/Trouble";
import { RepairSteps } from "./RepairCard";

const ENDS: Record<Bundle["ended"], { color: string; label: string }> = {
  repaired: { color: "zap", label: "Repaired" },
  gave_up: { color: "red", label: "Gave up" },
  overtaken: { color: "gray", label: "Overtaken" },
};

/** What was tried and seen in past repairs: stages, states, console, picture. Nothing of it names anybody. */
export function BundlesCard({ account }: { account: Account }) {
  const query = useBundles(account.id);
  // A service of an earlier version keeps none.
  const unknown = query.error instanceof ApiError && query.error.problem.status === 404;
  if (unknown) return null;
  return (
    <Card p={0} data-testid="bundles">
      <Title order={2} fz="md" px="md" pt="md" pb="xs">
        Past repairs
      </Title>
      {query.isPending && <Waiting lines={2} />}
      {query.error !== null && <Trouble error={query.error} retry={() => void query.refetch()} />}
      {query.data?.length === 0 && (
        <Empty icon={<LifeBuoy size={30} />} title="Nothing had to be repaired">
          <Text fz="sm">What is tried and seen in a repair is kept here, without names, numbers and texts.</Text>
        </Empty>
      )}
      {query.data !== undefined && query.data.length > 0 && (
        <Accordion keepMounted={false}>
          {query.data.map((bundle) => (
            <Accordion.Item key={bundle.id} value={bundle.id} data-testid="bundle">
              <Accordion.Control>
                <Group gap="sm" wrap="nowrap" justify="space-between" pr="xs">
                  <div>
                    <Text fz="sm" fw={600}>
                      {sentence(words(bundle.trigger))}
                    </Text>
                    <Text fz="xs" c="dimmed" className="numbers">
                      {clock(bundle.at)}
                    </Text>
                  </div>
                  <Badge variant="light" tt="none" color={ENDS[bundle.ended]?.color ?? "gray"} style={{ flexShrink: 0 }}>
                    {ENDS[bundle.ended]?.label ?? bundle.ended}
                  </Badge>
                </Group>
              </Accordion.Control>
              <Accordion.Panel>
                <Contents account={account.id} bundle={bundle} />
              </Accordion.Panel>
            </Accordion.Item>
          ))}
        </Accordion>
      )}
    </Card>
  );
}

function Contents({ account, bundle }: { account: string; bundle: Bundle }) {
  return (
    <Stack gap="lg">
      {bundle.detail !== undefined && bundle.detail !== "" && <Text fz="sm">{sentence(bundle.detail)}</Text>}
      <RepairSteps steps={kept(bundle)} running={false} />
      {bundle.has_screenshot && <Picture account={account} bundle={bundle.id} />}
      {!bundle.has_screenshot && bundle.no_screenshot != null && (
        <Text fz="sm" c="dimmed">
          No picture: {bundle.no_screenshot}
        </Text>
      )}
      {bundle.states.length > 0 && (
        <div>
          <Part>States</Part>
          {bundle.states.map((state, i) => (
            <Text key={`${state.at} ${i}`} fz="sm" className="numbers">
              {exact(state.at)} · {words(state.state)}
              {state.reason !== null && ` · ${state.reason}`}
            </Text>
          ))}
        </div>
      )}
      {bundle.console.length > 0 && (
        <div>
          <Part>Console of the page</Part>
          <Code block className="console">
            {bundle.console.join("\n")}
          </Code>
        </div>
      )}
      <Text fz="xs" c="dimmed">
        <span className="code">{bundle.id}</span> · {size(bundle.bytes)}
      </Text>
    </Stack>
  );
}

function Part({ children }: { children: string }) {
  return (
    <Text fz="xs" c="dimmed" mb={4}>
      {children}
    </Text>
  );
}

function Picture({ account, bundle }: { account: string; bundle: string }) {
  const picture = useQuery({
    queryKey: ["bundle-picture", account, bundle],
    queryFn: () => getBlob(`/v1/accounts/${account}/forensics/${bundle}/screenshot`, "image/png"),
    staleTime: Infinity,
    retry: false,
  });
  const url = useObjectUrl(picture.data);
  if (picture.error !== null) return <Trouble error={picture.error} />;
  return url === null ? <Waiting lines={3} /> : <img className="screenshot" src={url} alt="The page as it was, its contents hidden" />;
}
