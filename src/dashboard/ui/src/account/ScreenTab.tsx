import { Button, Card, Group, Stack, Switch, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Camera, RotateCw } from "lucide-react";
import { useState } from "react";
import { getBlob } from "../api/client";
import type { Account } from "../api/types";
import { useObjectUrl } from "../parts/objectUrl";
import { exact } from "../parts/time";
import { Empty, Trouble, Waiting } from "../parts/Trouble";

/** What the account's browser shows right now. */
export function ScreenTab({ account }: { account: Account }) {
  const [follow, setFollow] = useState(false);
  const browser = account.engine === "browser";
  const shot = useQuery({
    queryKey: ["screenshot", account.id],
    queryFn: () => getBlob(`/v1/accounts/${account.id}/screenshot`, "image/png"),
    enabled: browser,
    staleTime: 0,
    gcTime: 0,
    retry: false,
    refetchOnWindowFocus: false,
    refetchInterval: follow ? 3000 : false,
  });
  const url = useObjectUrl(shot.data);
  if (!browser) {
    return (
      <Card>
        <Empty icon={<Camera size={32} />} title="No screen">
          <Text fz="sm">A simulated account runs without a browser.</Text>
        </Empty>
      </Card>
    );
  }
  return (
    <Card>
      <Stack>
        <Group justify="space-between">
          <Text fz="sm" c="dimmed">
            {shot.dataUpdatedAt > 0 ? `Taken at ${exact(new Date(shot.dataUpdatedAt).toISOString())}` : "Taking a picture…"}
          </Text>
          <Group>
            <Switch label="Every 3 seconds" checked={follow} onChange={(e) => setFollow(e.currentTarget.checked)} />
            <Button variant="default" leftSection={<RotateCw size={16} />} loading={shot.isFetching && !follow} onClick={() => void shot.refetch()}>
              New picture
            </Button>
          </Group>
        </Group>
        {shot.error !== null && <Trouble error={shot.error} />}
        {shot.isLoading && <Waiting lines={5} />}
        {url !== null && <img className="screenshot" src={url} alt={`Screen of ${account.name}`} data-testid="screenshot" />}
      </Stack>
    </Card>
  );
}
