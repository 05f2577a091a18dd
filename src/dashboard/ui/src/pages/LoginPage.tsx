import { Alert, Button, Card, Group, Image, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { CircleAlert } from "lucide-react";
import { useState, type SubmitEvent } from "react";
import { explain, signIn } from "../api/client";
import logo from "../logo.svg";

export function LoginPage() {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<string | null>(null);

  async function submit(event: SubmitEvent) {
    event.preventDefault();
    setBusy(true);
    setTrouble(null);
    try {
      await signIn(email.trim(), password);
    } catch (error) {
      setTrouble(explain(error));
      setBusy(false);
    }
  }

  return (
    <main className="login">
      <Card w="100%" maw={400} p="xl" shadow="md">
        <form onSubmit={(event) => void submit(event)}>
          <Stack gap="lg">
            <Group gap="sm">
              <Image src={logo} w={40} h={40} alt="" />
              <div>
                <Title order={1} fz={22} lh={1.2}>
                  Zaptor
                </Title>
                <Text c="dimmed" fz="sm">
                  Your WhatsApp numbers behind one API
                </Text>
              </div>
            </Group>
            {trouble !== null && (
              <Alert color="red" icon={<CircleAlert size={18} />} role="alert" data-testid="login-error">
                {trouble}
              </Alert>
            )}
            <TextInput
              label="Email"
              type="email"
              autoComplete="username"
              required
              autoFocus
              value={email}
              onChange={(e) => setEmail(e.currentTarget.value)}
              data-testid="login-email"
            />
            <PasswordInput
              label="Password"
              autoComplete="current-password"
              required
              value={password}
              onChange={(e) => setPassword(e.currentTarget.value)}
              data-testid="login-password"
            />
            <Button type="submit" loading={busy} fullWidth size="md" data-testid="login-submit">
              Sign in
            </Button>
            <Text c="dimmed" fz="xs" ta="center">
              The first start of Zaptor prints the first sign-in once, in its terminal.
            </Text>
          </Stack>
        </form>
      </Card>
    </main>
  );
}
