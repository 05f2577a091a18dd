import { Button, Group, Paper, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { ScanLine } from "lucide-react";
import { useState, type SubmitEvent } from "react";
import { proposePhone, scanWithPhone } from "../api/sandbox";
import type { Account } from "../api/types";
import { digitsOf } from "../stream/apply";
import { tellTrouble } from "../parts/Trouble";

/** Links the account with a simulated phone, so that everything can be tried without a real one. */
export function SandboxScan({ account, sandbox }: { account: Account; sandbox: string }) {
  const [phone, setPhone] = useState(() => proposePhone());
  const scan = useMutation({
    mutationFn: () => scanWithPhone(sandbox, account.id, digitsOf(phone), account.name),
    // Linking takes this form off the page. Still here after a while, it may be tried again.
    onSuccess: () => void setTimeout(() => scan.reset(), 10_000),
    onError: (error) => tellTrouble("The sandbox phone could not scan the code", error),
  });
  const short = digitsOf(phone).length < 8;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!short) scan.mutate();
  };
  return (
    <Paper withBorder p="md" radius="md" bg="var(--row-hover)">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Text fz="sm" fw={600}>
            No phone at hand? Use a simulated one.
          </Text>
          <Group align="end" gap="sm">
            <TextInput
              label="Sandbox phone number"
              inputMode="tel"
              value={phone}
              onChange={(e) => setPhone(e.currentTarget.value)}
              error={short ? "Country code and number, digits only" : null}
              flex="1 1 180px"
              data-testid="sandbox-phone"
            />
            <Button type="submit" leftSection={<ScanLine size={16} />} loading={scan.isPending || scan.isSuccess} data-testid="scan-sandbox">
              Scan with sandbox phone
            </Button>
          </Group>
        </Stack>
      </form>
    </Paper>
  );
}
