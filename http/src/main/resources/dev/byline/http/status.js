'use strict';

const REFRESH_MS = 5000;
const TIMEOUT_MS = 4000;
const CHART_HEIGHT = 170;

const dark = window.matchMedia('(prefers-color-scheme: dark)');
const byId = (id) => document.getElementById(id);

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const precise = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

const known = (format) => (value) => (value === null || value === undefined ? '–' : format(value));
const count = known((value) => (value > 0 && value < 1 ? precise : value < 10 ? tenths : whole).format(value));
const percent = known((value) => `${whole.format(value * 100)} %`);
const mebibytes = known((value) => `${whole.format(value / 1048576)} MiB`);
const duration = known((value) => (value < 1 ? `${precise.format(value * 1000)} ms` : `${precise.format(value)} s`));

function age(seconds) {
  const units = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]];
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first < 0) return '0 s';
  const [unit, size] = units[first];
  const next = units[first + 1];
  const rest = next ? Math.floor((seconds % size) / next[1]) : 0;
  return `${Math.floor(seconds / size)} ${unit}${rest ? ` ${rest} ${next[0]}` : ''}`;
}

/** The charts: a title, how a value is written, and the columns of the history with their names and colours. */
const CHARTS = [
  ['Requests per second', count, [
    ['requests_per_second', 'requests', '#2f6fde'], ['rejected_per_second', 'rejected', '#d9822b'], ['errors_per_second', 'errors', '#d64545'],
  ]],
  ['Duration of requests', duration, [['p50_seconds', 'p50', '#2f9e6e'], ['p99_seconds', 'p99', '#8a5cd6']]],
  ['Connection pool', count, [['pool_active', 'in use', '#2f6fde'], ['pool_waiting', 'waiting', '#d64545']]],
  ['Time a connection is held', duration, [['hold_seconds', 'mean', '#2f9e6e']]],
  ['Cache hits', percent, [['l1_hit_ratio', 'process', '#2f6fde'], ['l2_hit_ratio', 'Redis', '#d9822b']]],
  ['CPU of this machine', percent, [['cpu_utilisation', 'in use', '#8a5cd6']]],
  ['JVM heap', mebibytes, [['heap_used_bytes', 'in use', '#2f9e6e']]],
];

let plots = [];

function drawCharts(history) {
  plots.forEach((plot) => plot.destroy());
  const quiet = getComputedStyle(document.body).getPropertyValue('--quiet');
  const line = getComputedStyle(document.body).getPropertyValue('--line');
  const axis = { stroke: quiet, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
  byId('charts').replaceChildren();
  plots = CHARTS.map(([title, format, series]) => {
    const box = document.createElement('div');
    box.className = 'chart';
    const heading = document.createElement('h2');
    heading.textContent = title;
    box.append(heading);
    byId('charts').append(box);
    return new uPlot({
      width: box.clientWidth - 34,
      height: CHART_HEIGHT,
      cursor: { drag: { x: false, y: false } },
      axes: [axis, { ...axis, size: 68, values: (plot, ticks) => ticks.map(format) }],
      scales: { y: { range: (plot, low, high) => [0, high > 0 ? high * 1.1 : 1] } },
      series: [
        { label: 'time' },
        ...series.map(([, label, stroke]) => ({
          label, stroke, width: 1.5, points: { show: history.time.length < 3 }, value: (plot, value) => format(value),
        })),
      ],
    }, columns(history, series), box);
  });
}

function columns(history, series) {
  return [history.time, ...series.map(([name]) => history[name])];
}

function resize() {
  plots.forEach((plot) => plot.setSize({ width: plot.root.parentElement.clientWidth - 34, height: CHART_HEIGHT }));
}

function tiles(status) {
  const { history } = status;
  const latest = (name) => (history[name].length ? history[name][history[name].length - 1] : null);
  return [
    ['Requests / s', count(status.capacity.requests_per_second)],
    ['p50', duration(latest('p50_seconds'))],
    ['p99', duration(latest('p99_seconds'))],
    ['Errors / s', count(latest('errors_per_second'))],
    ['Rejected / s', count(latest('rejected_per_second'))],
    ['Connections in use', `${status.pool.active} of ${status.pool.size}`],
    ['Waiting for one', count(status.pool.waiting)],
    ['Held for', duration(status.pool.hold_seconds)],
    ['Cache hits, process', percent(latest('l1_hit_ratio'))],
    ['Cache hits, Redis', percent(latest('l2_hit_ratio'))],
    ['Database answered', `${age(status.seconds_since_database_answered)} ago`],
    ['JVM heap', mebibytes(status.memory.heap_used_bytes)],
    ...status.replicas.map((replica) => [
      `Replica ${replica.name}`, replica.usable ? `${duration(replica.seconds_behind)} behind` : 'not used',
    ]),
  ];
}

function rows(body, lists, nothing) {
  body.replaceChildren(...(lists.length ? lists : [[nothing]]).map((cells) => {
    const row = document.createElement('tr');
    cells.forEach((text) => row.insertCell().append(text));
    if (cells.length === 1) row.cells[0].colSpan = 4;
    return row;
  }));
}

function showTiles(list) {
  byId('tiles').replaceChildren(...list.map(([name, value]) => {
    const tile = document.createElement('div');
    const term = document.createElement('dt');
    const description = document.createElement('dd');
    term.textContent = name;
    description.textContent = value;
    tile.append(term, description);
    return tile;
  }));
}

function bar(name, share) {
  byId(`${name}-bar`).value = share;
  byId(`${name}-share`).textContent = percent(share);
}

function state(text, bad) {
  byId('state').textContent = text;
  byId('state').classList.toggle('bad', bad);
}

let drawn = '';

function show(status) {
  byId('version').textContent = status.version;
  const ready = status.read_only ? 'read-only: there is no primary' : 'ready';
  state(status.ready ? ready : `not ready: ${status.obstacle}`, !status.ready || status.read_only);
  byId('uptime').textContent = `up ${age(status.uptime_seconds)}, ${status.time.slice(0, 19).replace('T', ' ')} UTC`;
  byId('verdict').textContent = status.capacity.verdict;
  bar('pool', status.capacity.pool_utilisation);
  bar('cpu', status.capacity.cpu_utilisation);
  bar('heap', status.memory.heap_used_bytes / status.memory.heap_max_bytes);
  showTiles(tiles(status));

  const spent = status.routes.reduce((sum, route) => sum + route.seconds, 0);
  rows(byId('routes'), status.routes.sort((a, b) => b.seconds - a.seconds).map((route) => [
    route.route, whole.format(route.requests), duration(route.seconds / route.requests), percent(spent && route.seconds / spent),
  ]), 'no requests');
  rows(byId('failures'), status.failures.sort((a, b) => b.last_hour - a.last_hour).map((failure) => [
    failure.kind, whole.format(failure.last_hour), whole.format(failure.total),
  ]), 'none');

  const { history } = status;
  const shape = `${dark.matches} ${history.time.length < 3}`;
  if (shape !== drawn) {
    drawCharts(history);
    drawn = shape;
  } else {
    plots.forEach((plot, i) => plot.setData(columns(history, CHARTS[i][2])));
  }
}

async function refresh() {
  try {
    const response = await fetch('status.json', { cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error(`status ${response.status}`);
    show(await response.json());
  } catch (e) {
    state('no answer from the server; retrying', true);
  }
  setTimeout(refresh, REFRESH_MS);
}

window.addEventListener('resize', resize);
refresh();
