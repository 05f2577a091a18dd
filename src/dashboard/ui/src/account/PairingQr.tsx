import { Center, Loader, Progress, Stack, Text } from "@mantine/core";
import { useMemo } from "react";
import { encode } from "uqr";
import { ApiError } from "../api/client";
import { usePairing } from "../api/queries";
import type { Pairing } from "../api/types";
import { useNow } from "../parts/time";
import { Trouble } from "../parts/Trouble";

/** The QR code to scan, drawn here from its text, with the time that it still holds. */
export function PairingQr({ account }: { account: string }) {
  const { data, error } = usePairing(account, true);
  // Before the first code is there, "not pairing yet" is no trouble but a matter of moments.
  const early = error instanceof ApiError && error.problem.code === "not_pairing";
  if (data === undefined) {
    return (
      <Stack align="center">
        <Center className="qr">{error !== null && !early ? null : <Loader color="zap" aria-label="Waiting for the code" />}</Center>
        {error !== null && !early && <Trouble error={error} />}
      </Stack>
    );
  }
  return <Shown pairing={data} />;
}

function Shown({ pairing }: { pairing: Pairing }) {
  const now = useNow(250);
  const expires = Date.parse(pairing.expires_at);
  // Measured once a code, when it is first seen.
  const life = useMemo(() => expires - Date.now(), [pairing.code]);
  const left = Math.max(0, expires - now);
  // A code that arrives expired means that the two clocks disagree: then it is shown all the same.
  const stale = left === 0 && life > 0;
  return (
    <Stack align="center" gap="xs">
      <div className="qr" data-stale={stale} data-testid="qr" data-attempt={pairing.attempt}>
        <QrSvg text={pairing.code} />
        {stale && (
          <div className="qr-cover">
            <Loader color="zap" aria-label="Renewing the code" />
          </div>
        )}
      </div>
      <Progress value={life > 0 ? Math.min(100, (100 * left) / life) : 100} w={200} size={4} aria-label="Time left" color="zap" />
      <Text fz="xs" c="dimmed" className="numbers">
        {stale ? "Renewing…" : left > 0 ? `Renews in ${Math.ceil(left / 1000)} s · code ${pairing.attempt}` : `Code ${pairing.attempt}`}
      </Text>
    </Stack>
  );
}

function QrSvg({ text }: { text: string }) {
  const { data, size } = encode(text, { ecc: "L", border: 0 });
  const path = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ""))).join("");
  return (
    <svg viewBox={`0 0 ${size} ${size}`} role="img" aria-label="QR code to scan with the phone" shapeRendering="crispEdges">
      <path d={path} fill="#0b1f18" />
    </svg>
  );
}
