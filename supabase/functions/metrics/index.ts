/** `GET /functions/v1/metrics` (secret key): `frost_signing_metrics` of the last 24 hours, for Prometheus. */
import { asService } from "../_shared/authentication.ts";
import { Metrics, read } from "../_shared/database.ts";
import { endpoint } from "../_shared/http.ts";
import { exposition, EXPOSITION_TYPE, type Sample } from "../_shared/prometheus.ts";

const byKey = (label: string, values: Readonly<Record<string, number>>): Sample[] =>
  Object.entries(values).map(([key, value]) => ({ labels: { [label]: key }, value }));

function gauges(metrics: Metrics) {
  const one = (name: string, help: string, value: number | null) => ({
    name: `permafrost_${name}`,
    help,
    samples: [{ value }],
  });
  return [
    {
      name: "permafrost_sessions",
      help: "Sessions created in the last 24 hours, by status.",
      samples: byKey("status", metrics.sessions),
    },
    one(
      "success_ratio",
      "Completed of the finished ones; absent without any.",
      metrics.success_rate,
    ),
    {
      name: "permafrost_phase_seconds",
      help: "Time the phases of sessions took.",
      samples: Object.entries(metrics.phases).flatMap(([phase, { median_ms, p95_ms }]) => [
        { labels: { phase, quantile: "0.5" }, value: median_ms && median_ms / 1000 },
        { labels: { phase, quantile: "0.95" }, value: p95_ms && p95_ms / 1000 },
      ]),
    },
    one(
      "nonce_reuse_attempts",
      "Commitments refused for a nonce seen before.",
      metrics.nonce_reuse_attempts,
    ),
    {
      name: "permafrost_refused_shares",
      help: "Signature shares refused, by participant.",
      samples: metrics.refused_shares.map(({ family_id, participant_id, refused }) => ({
        labels: { family: family_id, participant: participant_id ?? "" },
        value: refused,
      })),
    },
    one(
      "orphaned_sessions",
      "Sessions past their time that no sweep has marked.",
      metrics.orphaned_sessions,
    ),
    one("stuck_sessions", "Sessions aggregating for more than a minute.", metrics.stuck_sessions),
    one(
      "unrecorded_refusals",
      "Refusals of the last two minutes that are past a limit and not in the events.",
      metrics.unrecorded_refusals,
    ),
    {
      name: "permafrost_one_tap_sessions",
      help: "How many more one_tap sessions there could be now, by family.",
      samples: byKey("family", metrics.one_tap_sessions),
    },
    one(
      "unproven_guardians",
      "Guardians of a current key who have not signed with it for 90 days.",
      metrics.unproven_guardians,
    ),
    one("nonce_ledger_points", "Nonce points ever accepted.", metrics.ledger_size),
    {
      name: "permafrost_alert",
      help: "1 for each alert that is on.",
      samples: metrics.alerts.map(({ alert }) => ({ labels: { alert }, value: 1 })),
    },
  ];
}

export default {
  fetch: endpoint(
    asService(async (_request, { supabaseAdmin }) => {
      const metrics = read(Metrics, await supabaseAdmin.rpc("frost_signing_metrics", {}));
      return new Response(exposition(gauges(metrics)), {
        headers: { "content-type": EXPOSITION_TYPE },
      });
    }),
    "GET",
  ),
};
