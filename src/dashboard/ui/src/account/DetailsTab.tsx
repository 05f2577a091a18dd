import { Badge, Card, CopyButton, Group, SimpleGrid, Tooltip, UnstyledButton } from "@mantine/core";
import type { Account } from "../api/types";
import { Fact } from "../parts/Fact";
import { full } from "../parts/time";

/** Who the account is; how it is stands in its health. */
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
