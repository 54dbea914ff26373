/**
 * Whether it is well: for who runs it. The figures are the database's own, the same that `metrics` exports.
 *
 * @module
 */
import { useEffect, useRef } from "preact/hooks";
import UPlot from "uplot";
import { Constants } from "../../../supabase/functions/_shared/database.types.ts";
import { marked } from "../../presentation/session_text.ts";
import { type Metrics, readMetrics } from "../../sessions/metrics.ts";
import type { Account } from "../account.ts";
import { Page, Problem } from "../parts/basics.tsx";
import { usePolled } from "../parts/polled.ts";

const DAY_S = 86_400;

const STATES = Constants.public.Enums.signing_session_status;

/** The page. */
export function Operators({ account }: { account: Account }) {
  const { data, problem } = usePolled(
    (signal) => readMetrics(account.supabase, { signal }),
    [],
    15_000,
  );
  return (
    <Page title="Operators">
      <Problem of={problem} />
      {data === undefined ? <p>Reading …</p> : <Figures metrics={data.metrics} />}
    </Page>
  );
}

function Figures({ metrics }: { metrics: Metrics }) {
  const { alerts, sessions, success_rate, phases, refused_shares } = metrics;
  return (
    <>
      <p>The last 24 hours, over all families.</p>
      <h2>Alerts</h2>
      {alerts.length === 0
        ? <p>None.</p>
        : alerts.map(({ alert, value, threshold }) => (
          <p key={alert} class="notice bad">
            {alert.replaceAll("_", " ")}: {value} (from {threshold} on)
          </p>
        ))}
      <h2>Sessions</h2>
      <p>
        {success_rate === null
          ? "None has finished."
          : `${Math.round(100 * success_rate)} % of the finished ones are completed.`}
      </p>
      <Chart metrics={metrics} />
      <Table
        head={["State", "Sessions"]}
        rows={STATES.map((state) => [state.replaceAll("_", " "), sessions[state] ?? 0])}
      />
      <h2>How long the phases take</h2>
      <Table
        head={["Phase", "Median", "95 of 100 within"]}
        rows={Object.entries(phases).map(([phase, { median_ms, p95_ms }]) => [
          phase.replaceAll("_", " "),
          seconds(median_ms),
          seconds(p95_ms),
        ])}
      />
      <h2>Refused shares</h2>
      {refused_shares.length === 0 ? <p>None.</p> : (
        <Table
          head={["Family", "Participant", "Refused"]}
          rows={refused_shares.map(({ family_id, participant_id, refused }) => [
            marked(family_id),
            marked(participant_id ?? ""),
            refused,
          ])}
        />
      )}
    </>
  );
}

const seconds = (ms: number | null) => ms === null ? "–" : `${(ms / 1000).toFixed(1)} s`;

function Table(
  { head, rows }: { head: readonly string[]; rows: readonly (readonly (string | number)[])[] },
) {
  return (
    <table>
      <thead>
        <tr>{head.map((name) => <th key={name} scope="col">{name}</th>)}</tr>
      </thead>
      <tbody>
        {rows.map((row, i) => <tr key={i}>{row.map((cell, j) => <td key={j}>{cell}</td>)}</tr>)}
      </tbody>
    </table>
  );
}

/** Sessions by the hour they were created in; the table below says the same in words. */
function Chart({ metrics: { sessions_by_hour } }: { metrics: Metrics }) {
  const place = useRef<HTMLDivElement>(null);
  const states = [...new Set(sessions_by_hour.flatMap(({ sessions }) => Object.keys(sessions)))];
  useEffect(() => {
    if (place.current === null || sessions_by_hour.length === 0) return;
    const { color, fontFamily } = getComputedStyle(place.current);
    const axis = { stroke: color, font: `12px ${fontFamily}`, grid: { stroke: "#8884" } };
    const chart = new UPlot(
      {
        width: place.current.clientWidth,
        height: 220,
        axes: [axis, { ...axis, incrs: [1, 2, 5, 10, 20, 50, 100, 1000, 10_000] }],
        cursor: { show: false },
        legend: { live: false },
        scales: { x: { range: () => [Date.now() / 1000 - DAY_S, Date.now() / 1000] } },
        series: [
          {},
          ...states.map((label, i) => ({
            label,
            stroke: color,
            dash: [4 * i, 2 * i],
            width: 2,
            points: { show: true },
          })),
        ],
      },
      [
        sessions_by_hour.map(({ hour }) => Date.parse(hour) / 1000),
        ...states.map((state) => sessions_by_hour.map(({ sessions }) => sessions[state] ?? 0)),
      ],
      place.current,
    );
    return () => chart.destroy();
  }, [JSON.stringify(sessions_by_hour)]);
  return <div ref={place} role="img" aria-label="Sessions by the hour and state" />;
}
