import { ActionIcon, Button, Group, Menu, Modal, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { EllipsisVertical, LogOut, Moon, Play, RotateCw, Square, Sunrise, Trash2 } from "lucide-react";
import { useState } from "react";
import { useLocation } from "wouter";
import { remove } from "../api/client";
import { keys, queryClient } from "../api/queries";
import type { Account } from "../api/types";
import { tellDone, tellTrouble } from "../parts/Trouble";
import { useAccountAction, type AccountAction } from "./actions";

type Ask = "stop" | "logout" | "delete";

const QUESTIONS: Record<Ask, { title: string; text: string; yes: string }> = {
  stop: {
    title: "Stop this account?",
    text: "Its browser is closed. Messages wait until the account is started again; the phone stays linked.",
    yes: "Stop",
  },
  logout: {
    title: "Log this account out?",
    text: "The phone is unlinked. To use the account again, a new QR code has to be scanned.",
    yes: "Log out",
  },
  delete: {
    title: "Delete this account?",
    text: "It is logged out and its browser profile is removed. The history of its messages is kept.",
    yes: "Delete",
  },
};

/** Restart, stop, log out and delete; whatever interrupts service is asked about first. */
export function AccountMenu({ account }: { account: Account }) {
  const [, go] = useLocation();
  const [ask, setAsk] = useState<Ask | null>(null);
  const { run, busy } = useAccountAction(account.id);
  const deletion = useMutation({
    mutationFn: () => remove(`/v1/accounts/${account.id}`),
    onSuccess: () => {
      setAsk(null);
      go("/accounts");
      queryClient.removeQueries({ queryKey: keys.account(account.id) });
      void queryClient.invalidateQueries({ queryKey: keys.accounts });
      tellDone(`${account.name} is deleted.`);
    },
    onError: (error) => tellTrouble("Could not delete the account", error),
  });
  const confirm = () => {
    if (ask === "delete") deletion.mutate();
    else if (ask !== null) run(ask satisfies AccountAction, { onSuccess: () => setAsk(null) });
  };
  const question = ask === null ? null : QUESTIONS[ask];
  const parked = account.state === "hibernated";
  const resting = account.state === "stopped" || account.state === "logged_out";
  const wakeable = parked || resting;

  return (
    <Group gap="xs">
      <Button
        variant="default"
        leftSection={parked ? <Sunrise size={16} /> : resting ? <Play size={16} /> : <RotateCw size={16} />}
        loading={busy && ask === null}
        onClick={() => run(parked ? "wake" : resting ? "start" : "restart")}
        data-testid={wakeable ? "start-account" : "restart-account"}
      >
        {parked ? "Wake" : resting ? "Start" : "Restart"}
      </Button>
      <Menu position="bottom-end" shadow="md" width={190}>
        <Menu.Target>
          <ActionIcon variant="default" size={36} aria-label="More actions" data-testid="account-menu">
            <EllipsisVertical size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {account.state === "online" && (
            <Menu.Item leftSection={<Moon size={16} />} onClick={() => run("hibernate")} data-testid="menu-hibernate">
              Hibernate
            </Menu.Item>
          )}
          {!resting && (
            <Menu.Item leftSection={<Square size={16} />} onClick={() => setAsk("stop")} data-testid="stop-account">
              Stop…
            </Menu.Item>
          )}
          <Menu.Item leftSection={<LogOut size={16} />} onClick={() => setAsk("logout")} data-testid="logout-account">
            Log out…
          </Menu.Item>
          <Menu.Item color="red" leftSection={<Trash2 size={16} />} onClick={() => setAsk("delete")} data-testid="delete-account">
            Delete…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal opened={question !== null} onClose={() => setAsk(null)} title={<b>{question?.title}</b>}>
        <Stack>
          <Text fz="sm">{question?.text}</Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setAsk(null)} data-autofocus>
              Cancel
            </Button>
            <Button color="red" loading={busy || deletion.isPending} onClick={confirm} data-testid="confirm">
              {question?.yes}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </Group>
  );
}
