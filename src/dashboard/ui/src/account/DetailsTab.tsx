import { Badge, Card, CopyButton, Group, SimpleGrid, Text, Tooltip, UnstyledButton } from "@mantine/core";
import type { ReactNode } from "react";
import type { Account } from "../api/types";
import { sentence } from "../parts/sentence";
import { full } from "../parts/time";

/** Everything else that is known of the account. */
export function DetailsTab({ account }: { account: Account }) {
  return (
    <Card>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing="xl">
        <Fact name="Account id">
          <CopyButton value={account.id}>
            {({ copied, copy }) => (
              <Tooltip label={copied ? "Copied" : "Copy"}>
                <UnstyledButton className="code" onClick={copy}>
                  {account.id}
                </UnstyledButton>
              </Tooltip>
            )}
          </CopyButton>
        </Fact>
        <Fact name="Engine">{account.engine}</Fact>
        <Fact name="Phone">{account.phone === null ? "Not linked" : `+${account.phone}`}</Fact>
        <Fact name="Name on WhatsApp">{account.push_name ?? "Unknown"}</Fact>
        <Fact name="In this state since">{full(account.since)}</Fact>
        <Fact name="Reason">{sentence(account.reason ?? "none given")}</Fact>
        <Fact name="Last proven round trip">{account.last_round_trip_at === null ? "Never" : full(account.last_round_trip_at)}</Fact>
        <Fact name="Restarts">{account.restarts}</Fact>
        <Fact name="Created">{full(account.created_at)}</Fact>
        <Fact name="Labels">
          {account.labels.length === 0 ? (
            "None"
          ) : (
            <Group gap={4}>
              {account.labels.map((label) => (
                <Badge key={label} variant="default" tt="none">
                  {label}
                </Badge>
              ))}
            </Group>
          )}
        </Fact>
      </SimpleGrid>
    </Card>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <Text fz="xs" c="dimmed" mb={2}>
        {name}
      </Text>
      <Text component="div" fz="sm" fw={500} style={{ overflowWrap: "anywhere" }}>
        {children}
      </Text>
    </div>
  );
}
