import { Text } from "@mantine/core";
import type { ReactNode } from "react";

/** What is known, below its name: several of them stand in a grid. */
export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <Text fz="xs" c="dimmed" mb={2}>
        {name}
      </Text>
      <Text component="div" fz="sm" fw={500} style={{ overflowWrap: "anywhere" }}>
        {children}
      </Text>
    </div>
  );
}

/** The same beside its name, for lists from top to bottom. */
export function FactLine({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="fact">
      <Text fz="sm" c="dimmed">
        {name}
      </Text>
      <Text component="div" fz="sm" className="numbers" style={{ overflowWrap: "anywhere" }}>
        {children}
      </Text>
    </div>
  );
}
