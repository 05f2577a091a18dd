const WIDTH = 150;
const HEIGHT = 40;

/** A small line of values over time; flat until there are two. */
export function Spark({ values, label }: { values: number[]; label: string }) {
  const top = Math.max(...values, 0) * 1.15 || 1;
  const x = (i: number) => (values.length < 2 ? WIDTH : (i * WIDTH) / (values.length - 1));
  const y = (value: number) => HEIGHT - 2 - ((HEIGHT - 4) * value) / top;
  const points = values.length === 1 ? [`0,${y(values[0] ?? 0)}`, `${WIDTH},${y(values[0] ?? 0)}`] : values.map((v, i) => `${x(i)},${y(v)}`);
  return (
    <svg className="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label} preserveAspectRatio="none">
      {points.length > 0 && <polygon className="spark-area" points={`0,${HEIGHT} ${points.join(" ")} ${WIDTH},${HEIGHT}`} />}
      {points.length > 0 && <polyline className="spark-line" points={points.join(" ")} vectorEffect="non-scaling-stroke" />}
    </svg>
  );
}
