import { Button, Card, Text, TextInput } from "@mantine/core";
import { Plus, Search, Smartphone } from "lucide-react";
import { useState } from "react";
import { useAccounts } from "../api/queries";
import { AccountTable } from "../parts/AccountTable";
import { useAddAccount } from "../parts/AddAccount";
import { Empty, PageTitle, Trouble, Waiting } from "../parts/Trouble";

export function AccountsPage() {
  const accounts = useAccounts();
  const { button, dialog, show } = useAddAccount();
  const [search, setSearch] = useState("");
  const list = accounts.data ?? [];
  const wanted = search.trim().toLowerCase();
  const shown = list.filter((a) => [a.name, a.phone, a.state, ...a.labels].join(" ").toLowerCase().includes(wanted));

  return (
    <>
      <PageTitle title="Accounts" text="Each account is one WhatsApp number in Zaptor's care.">
        {button}
      </PageTitle>
      {dialog}
      <Card p={0}>
        {list.length > 5 && (
          <TextInput
            m="md"
            placeholder="Find by name, number, state or label"
            aria-label="Find an account"
            leftSection={<Search size={16} />}
            value={search}
            onChange={(e) => setSearch(e.currentTarget.value)}
          />
        )}
        {accounts.error !== null && <Trouble error={accounts.error} retry={() => void accounts.refetch()} />}
        {accounts.isPending && <Waiting />}
        {shown.length > 0 && <AccountTable accounts={shown} />}
        {accounts.isSuccess && list.length === 0 && (
          <Empty icon={<Smartphone size={36} />} title="No account yet">
            <Text fz="sm">Add one, scan its code with a phone, and send the first message.</Text>
            <Button leftSection={<Plus size={16} />} mt="sm" onClick={show}>
              Add account
            </Button>
          </Empty>
        )}
        {list.length > 0 && shown.length === 0 && <Empty icon={<Search size={30} />} title="Nothing fits" />}
      </Card>
    </>
  );
}
