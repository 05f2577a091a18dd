import { Alert, Anchor, Button, Card, Group, SimpleGrid, Text, Title } from "@mantine/core";
import { Activity, Coins, Lock, Plus, Smartphone, TriangleAlert, Zap } from "lucide-react";
import { Link } from "wouter";
import { useAccounts, useWallet } from "../api/queries";
import { AccountTable } from "../parts/AccountTable";
import { useAddAccount } from "../parts/AddAccount";
import { EventLine } from "../parts/EventLine";
import { Stat } from "../parts/Stat";
import { Empty, PageTitle, Trouble, Waiting } from "../parts/Trouble";
import { useStream } from "../stream/live";

export function OverviewPage() {
  const accounts = useAccounts();
  const wallet = useWallet();
  const { cursor } = useStream();
  const { button, dialog, show } = useAddAccount();
  const list = accounts.data ?? [];
  const online = list.filter((a) => a.state === "online").length;
  const needy = list.filter((a) => a.action !== null && a.state !== "online");
  const low = wallet.data !== undefined && wallet.data.available < wallet.data.low_threshold;
  const number = (n: number | undefined) => (n === undefined ? "–" : n.toLocaleString());

  return (
    <>
      <PageTitle title="Overview" text="Your numbers, your tokens, and what just happened.">
        {button}
      </PageTitle>
      {dialog}
      {low && (
        <Alert color="yellow" icon={<TriangleAlert size={18} />} mb="lg" title="Tokens are running low">
          Sending stops when none are left. <Anchor component={Link} href="/wallet" inherit>Go to the wallet</Anchor>
        </Alert>
      )}
      <SimpleGrid cols={{ base: 2, lg: 4 }} spacing={{ base: "sm", sm: "md" }} mb="lg">
        <Stat
          name="Accounts online"
          icon={Smartphone}
          value={accounts.data === undefined ? "–" : `${online} of ${list.length}`}
          note={needy.length === 0 ? "None asks for your help" : `${needy.length} ${needy.length === 1 ? "asks" : "ask"} for your help`}
        />
        <Stat name="Tokens available" icon={Coins} value={number(wallet.data?.available)} testId="wallet-available" note="Ready to spend" />
        <Stat name="Tokens held" icon={Lock} color="blue" value={number(wallet.data?.held)} testId="wallet-held" note="On their way" />
        <Stat name="Spent today" icon={Zap} color="grape" value={number(wallet.data?.spent_today)} note="Messages that were sent" />
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, lg: 2 }} style={{ alignItems: "start" }}>
        <Card p={0}>
          <Heading title="Accounts" href="/accounts" />
          {accounts.error !== null && <Trouble error={accounts.error} retry={() => void accounts.refetch()} />}
          {accounts.isPending ? (
            <Waiting />
          ) : list.length === 0 ? (
            <Empty icon={<Smartphone size={32} />} title="No account yet">
              <Text fz="sm">Add one and link it with a phone.</Text>
              <Button leftSection={<Plus size={16} />} mt="sm" onClick={show}>
                Add account
              </Button>
            </Empty>
          ) : (
            <AccountTable accounts={list.slice(0, 8)} brief />
          )}
        </Card>
        <Card p={0}>
          <Heading title="Last events" href="/events" />
          <div className="events">
            {cursor.recent.slice(0, 9).map((event) => (
              <EventLine key={event.seq} event={event} />
            ))}
          </div>
          {cursor.recent.length === 0 && <Empty icon={<Activity size={30} />} title="Nothing yet" />}
        </Card>
      </SimpleGrid>
    </>
  );
}

function Heading({ title, href }: { title: string; href: string }) {
  return (
    <Group justify="space-between" px="md" py="sm">
      <Title order={2} fz="md">
        {title}
      </Title>
      <Anchor component={Link} href={href} fz="sm">
        See all
      </Anchor>
    </Group>
  );
}
