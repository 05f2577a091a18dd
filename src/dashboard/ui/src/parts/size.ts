/** Bytes as people read them: `181 MiB`, `1.2 GiB`. */
export function size(bytes: number): string {
  const mib = bytes / 1_048_576;
  if (mib < 1) return `${Math.max(1, Math.round(bytes / 1024))} KiB`;
  return mib < 1024 ? `${mib < 10 ? mib.toFixed(1) : Math.round(mib)} MiB` : `${(mib / 1024).toFixed(1)} GiB`;
}

/** A duration in milliseconds: `840 ms`, `3.2 s`, `2 min`. */
export function took(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
}
