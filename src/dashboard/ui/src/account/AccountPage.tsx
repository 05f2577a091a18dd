import { Alert, Anchor, Button, Group, Stack, Tabs, Text, Title } from "@mantine/core";
import { ArrowLeft, Camera, HeartPulse, Info, MessagesSquare, Play, RotateCw, SlidersHorizontal, Sunrise } from "lucide-react";
import { useEffect, useState } from "react";
import { Link, useLocation } from "wouter";
import { ApiError } from "../api/client";
import { useAccount } from "../api/queries";
import type { Account } from "../api/types";
import { NotFound } from "../pages/NotFound";
import { sentence } from "../parts/sentence";
import { StateBadge } from "../parts/StateBadge";
import { span, useNow } from "../parts/time";
import { Trouble, Waiting } from "../parts/Trouble";
import { useAccountAction } from "./actions";
import { AccountMenu } from "./AccountMenu";
import { ChatsTab } from "./ChatsTab";
import { DetailsTab } from "./DetailsTab";
import { HealthTab } from "./HealthTab";
import { LinkCard } from "./LinkCard";
import { ScreenTab } from "./ScreenTab";
import { SettingsTab } from "./SettingsTab";

const ON_THE_WAY = new Set(["created", "starting", "pairing", "syncing"]);

export function AccountPage({ id, tab }: { id: string; tab: string | undefined }) {
  const query = useAccount(id);
  if (query.data !== undefined) return <Loaded account={query.data} tab={tab} />;
  if (query.error === null) return <Waiting lines={4} />;
  const missing = query.error instanceof ApiError && query.error.problem.status === 404;
  return missing ? <NotFound /> : <Trouble error={query.error} retry={() => void query.refetch()} />;
}

function Loaded({ account, tab }: { account: Account; tab: string | undefined }) {
  const [, go] = useLocation();
  // Whoever watches the linking also sees it succeed, instead of the card vanishing. An account that is linked
  // already and only starts again has nothing to scan.
  const [watched, setWatched] = useState(false);
  const onTheWay = ON_THE_WAY.has(account.state);
  const linking = account.state === "pairing" || (onTheWay && (watched || account.phone === null));
  const interrupted = !onTheWay && account.state !== "online";
  useEffect(() => {
    if (linking) setWatched(true);
    else if (interrupted) setWatched(false);
  }, [linking, interrupted]);

  return (
    <Stack gap="lg">
      <Header account={account} />
      {linking || (watched && account.state === "online") ? (
        <LinkCard account={account} onDone={() => setWatched(false)} />
      ) : (
        <Standing account={account} />
      )}
      <Tabs value={tab ?? "chats"} onChange={(to) => go(`/accounts/${account.id}/${to ?? "chats"}`)} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="chats" leftSection={<MessagesSquare size={16} />} data-testid="tab-chats">
            Chats
          </Tabs.Tab>
          <Tabs.Tab value="health" leftSection={<HeartPulse size={16} />} data-testid="tab-health">
            Health
          </Tabs.Tab>
          <Tabs.Tab value="screen" leftSection={<Camera size={16} />} data-testid="tab-screen">
            Screen
          </Tabs.Tab>
          <Tabs.Tab value="settings" leftSection={<SlidersHorizontal size={16} />} data-testid="tab-settings">
            Settings
          </Tabs.Tab>
          <Tabs.Tab value="details" leftSection={<Info size={16} />} data-testid="tab-details">
            Details
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="chats">
          <ChatsTab account={account} />
        </Tabs.Panel>
        <Tabs.Panel value="health">
          <HealthTab account={account} />
        </Tabs.Panel>
        <Tabs.Panel value="screen">
          <ScreenTab account={account} />
        </Tabs.Panel>
        <Tabs.Panel value="settings">
          <SettingsTab account={account} />
        </Tabs.Panel>
        <Tabs.Panel value="details">
          <DetailsTab account={account} />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

function Header({ account }: { account: Account }) {
  const now = useNow(1000);
  return (
    <div>
      <Anchor component={Link} href="/accounts" fz="sm" c="dimmed">
        <Group gap={4} mb={6}>
          <ArrowLeft size={14} /> Accounts
        </Group>
      </Anchor>
      <Group justify="space-between" gap="sm">
        <div>
          <Group gap="sm">
            <Title order={1} fz={26}>
              {account.name}
            </Title>
            <StateBadge state={account.state} size="lg" data-testid="account-state" />
          </Group>
          <Text c="dimmed" fz="sm" className="numbers">
            {account.phone === null ? "No number linked yet" : `+${account.phone}`}
            {account.push_name && ` · ${account.push_name}`}
            {` · for ${span(now - Date.parse(account.since))}`}
          </Text>
        </div>
        <AccountMenu account={account} />
      </Group>
    </div>
  );
}

const ALARM = new Set(["failed", "banned", "logged_out"]);

/** What to expect when nothing is asked of anybody. */
function fallback(parked: boolean, stands: boolean): string {
  if (parked) return "A message to send wakes it, and it looks for messages now and then.";
  return stands ? "Messages wait until the account is online." : "It is coming back by itself.";
}

/** Why the account is as it is and what to do, when it is not simply online. */
function Standing({ account }: { account: Account }) {
  const { run, busy } = useAccountAction(account.id);
  if (account.state === "online" && account.reason === null && account.action === null) return null;
  if (account.state === "online" && account.action === null) return null;
  const asleep = account.state === "stopped" || account.state === "hibernated" || account.state === "logged_out";
  const parked = account.state === "hibernated";
  const broken = account.state === "failed" || account.state === "degraded";
  return (
    <Alert
      color={ALARM.has(account.state) ? "red" : asleep ? "gray" : "yellow"}
      icon={<Info size={18} />}
      title={sentence(account.reason ?? "not online at the moment")}
      data-testid="account-reason"
    >
      <Group justify="space-between">
        <Text fz="sm" data-testid="account-action">
          {sentence(account.action ?? fallback(parked, asleep || broken))}
        </Text>
        {asleep && (
          <Button
            size="xs"
            leftSection={parked ? <Sunrise size={14} /> : <Play size={14} />}
            loading={busy}
            onClick={() => run(parked ? "wake" : "start")}
          >
            {parked ? "Wake" : "Start"}
          </Button>
        )}
        {broken && (
          <Button size="xs" leftSection={<RotateCw size={14} />} loading={busy} onClick={() => run("restart")}>
            Restart
          </Button>
        )}
      </Group>
    </Alert>
  );
}
