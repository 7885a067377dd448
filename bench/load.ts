/**
 * The load generator: one scenario against a running server, with the official Socket.IO client.
 *
 *     node bench/load.ts saturate --url http://localhost:8000 --project <id> --token <access token>
 */
import { parseArgs } from 'node:util';
import { round } from './latencies.ts';
import { echo } from './scenarios/echo.ts';
import { idle } from './scenarios/idle.ts';
import { idleSockets } from './scenarios/idle-sockets.ts';
import { openLoop } from './scenarios/open-loop.ts';
import { replies } from './scenarios/replies.ts';
import { saturate } from './scenarios/saturate.ts';
import { type Options, type Result, Stage } from './stage.ts';

const SCENARIOS: Record<string, (stage: Stage) => Promise<Result>> = {
  idle,
  saturate,
  'open-loop': openLoop,
  replies,
  'idle-sockets': idleSockets,
  echo,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: 'string', default: 'http://localhost:8000' },
    project: { type: 'string', default: '' },
    token: { type: 'string', default: process.env.PARLOUR_BENCH_TOKEN ?? '' },
    origin: { type: 'string', default: 'http://localhost' },
    seconds: { type: 'string', default: '30' },
    warmup: { type: 'string', default: '3' },
    visitors: { type: 'string', default: '200' },
    agents: { type: 'string', default: '5' },
    messages: { type: 'string', default: '500' },
    rate: { type: 'string', default: '1000' },
    count: { type: 'string', default: '3000' },
    connections: { type: 'string', default: '20' },
    json: { type: 'boolean', default: false },
  },
});

function number(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`not a number above zero: ${text}`);
  return value;
}

const options: Options = {
  url: values.url,
  project: values.project,
  token: values.token,
  origin: values.origin,
  seconds: number(values.seconds),
  warmup: number(values.warmup),
  visitors: number(values.visitors),
  agents: number(values.agents),
  messages: number(values.messages),
  rate: number(values.rate),
  count: number(values.count),
  connections: number(values.connections),
};

const name = positionals[0] ?? '';
const scenario = SCENARIOS[name];
if (!scenario) throw new Error(`which of ${Object.keys(SCENARIOS).join(', ')}?`);

const stage = new Stage(options, values.json);
const result = await scenario(stage);
const report = {
  scenario: name,
  ...result,
  seconds: round(result.seconds),
  per_second: round(result.count / result.seconds, 1),
  generator_cpu: stage.cpuShare,
};
process.stdout.write(`${JSON.stringify(report, null, values.json ? 0 : 2)}\n`);
stage.close();
process.exitCode = result.deviations.length > 0 ? 1 : 0;
