import { Anchor, SimpleGrid, Text } from "@mantine/core";
import { Clock, Server, Tag, TestTubeDiagonal } from "lucide-react";
import { useInfo } from "../api/queries";
import { Stat } from "../parts/Stat";
import { span } from "../parts/time";
import { PageTitle, Trouble } from "../parts/Trouble";
import { ActorsCard } from "./ActorsCard";

/** What runs inside, and what had to be restarted. */
export function SystemPage() {
  const info = useInfo();
  return (
    <>
      <PageTitle title="System" text="The actors of this node, and what had to be restarted." />
      {info.error !== null && <Trouble error={info.error} retry={() => void info.refetch()} />}
      {info.data && (
        <SimpleGrid cols={{ base: 2, lg: 4 }} spacing={{ base: "sm", sm: "md" }} mb="lg">
          <Stat name="Version" icon={Tag} value={<Short text={info.data.version} />} />
          <Stat name="Node" icon={Server} color="blue" value={<Short text={info.data.node} />} />
          <Stat name="Up for" icon={Clock} color="grape" value={span(info.data.uptime_seconds * 1000 + Date.now() - info.dataUpdatedAt)} />
          <Stat
            name="Sandbox"
            icon={TestTubeDiagonal}
            color="orange"
            value={info.data.sandbox_url === null ? "Off" : "On"}
            note={
              info.data.sandbox_url !== null && (
                <Anchor href={`${info.data.sandbox_url}/_/`} target="_blank" rel="noreferrer" fz="xs">
                  Open its phones
                </Anchor>
              )
            }
          />
        </SimpleGrid>
      )}
      <ActorsCard />
    </>
  );
}

/** A word of unknown length in a place made for a figure. */
function Short({ text }: { text: string }) {
  return (
    <Text span inherit fz={18} lh="38px" truncate="end" display="block" title={text}>
      {text}
    </Text>
  );
}
