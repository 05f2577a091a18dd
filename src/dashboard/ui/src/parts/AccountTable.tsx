import { Anchor, Badge, Group, Table, Text } from "@mantine/core";
import { ChevronRight } from "lucide-react";
import type { MouseEvent } from "react";
import { Link, useLocation } from "wouter";
import type { Account } from "../api/types";
import { sentence } from "./sentence";
import { StateBadge } from "./StateBadge";
import { span, useNow } from "./time";

/** Accounts as rows that lead to their pages; `brief` keeps to the columns that fit half a page. */
export function AccountTable({ accounts, brief = false }: { accounts: Account[]; brief?: boolean }) {
  const now = useNow(1000);
  const [, go] = useLocation();
  const wide = brief ? undefined : "sm";
  return (
    <Table>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Account</Table.Th>
          <Table.Th>State</Table.Th>
          <Table.Th visibleFrom="sm">Since</Table.Th>
          {!brief && <Table.Th visibleFrom={wide}>Engine</Table.Th>}
          {!brief && <Table.Th visibleFrom={wide}>Restarts</Table.Th>}
          <Table.Th w={40} aria-label="Open" />
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {accounts.map((account) => (
          <Table.Tr key={account.id} className="row-link" onClick={() => go(`/accounts/${account.id}`)} data-testid="account-row" data-account={account.id}>
            <Table.Td>
              <Anchor component={Link} href={`/accounts/${account.id}`} fz="sm" fw={600} c="inherit" underline="hover" onClick={(e: MouseEvent) => e.stopPropagation()}>
                {account.name}
              </Anchor>
              <Text fz="xs" c="dimmed" className="numbers">
                {account.phone === null ? "No number linked" : `+${account.phone}`}
              </Text>
              {!brief && account.labels.length > 0 && (
                <Group gap={4} mt={4}>
                  {account.labels.map((label) => (
                    <Badge key={label} size="xs" variant="default" tt="none">
                      {label}
                    </Badge>
                  ))}
                </Group>
              )}
            </Table.Td>
            <Table.Td>
              <StateBadge state={account.state} />
              {account.state !== "online" && (account.action ?? account.reason) && (
                <Text fz="xs" c="dimmed" mt={4} lineClamp={2} maw={320}>
                  {sentence(account.action ?? account.reason ?? "")}
                </Text>
              )}
            </Table.Td>
            <Table.Td visibleFrom="sm" className="numbers" style={{ whiteSpace: "nowrap" }}>
              {span(now - Date.parse(account.since))}
            </Table.Td>
            {!brief && <Table.Td visibleFrom={wide}>{account.engine}</Table.Td>}
            {!brief && (
              <Table.Td visibleFrom={wide} className="numbers">
                {account.restarts}
              </Table.Td>
            )}
            <Table.Td>
              <ChevronRight size={16} opacity={0.5} aria-hidden />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
