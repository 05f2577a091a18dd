import { Button, Stack, Text, Title } from "@mantine/core";
import { Link } from "wouter";

export function NotFound() {
  return (
    <Stack align="center" py={80}>
      <Title order={2}>There is no such page</Title>
      <Text c="dimmed">The address may be mistyped, or what it showed was deleted.</Text>
      <Button component={Link} href="/">
        To the overview
      </Button>
    </Stack>
  );
}
