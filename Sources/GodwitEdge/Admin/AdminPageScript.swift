extension AdminPage {
    /// Asks every two seconds while the page is seen. All text goes through `textContent`: nothing is read as markup.
    static let script = #"""
        'use strict';
        const $ = id => document.getElementById(id);
        const group = new Intl.NumberFormat('en');
        const spans = ['1m', '5m', '1h'];
        let kind = 'tasks', success = null, lastAnswer = Date.now();

        function make(tag, attributes = {}, ...children) {
          const svg = ['g', 'rect', 'title'].includes(tag);
          const node = svg ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
          for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
          node.append(...children);
          return node;
        }
        // Cut, not rounded: 99.996 % must not read as 100 %.
        function percent(rate) {
          if (rate === null) return '–';
          const value = Math.floor(rate * 1e4 + 1e-7) / 100;
          return value === 100 ? '100' : value.toFixed(2);
        }
        const mood = rate => rate === null ? 'none' : rate >= .999 ? 'good' : rate >= .99 ? 'fair' : 'bad';
        const total = counts => counts.ok + counts.failed;
        function showRate(node, rate) {
          node.replaceChildren(percent(rate));
          if (rate !== null) node.append(make('small', {}, '%'));
          node.classList.remove('good', 'fair', 'bad', 'none');
          node.classList.add(mood(rate));
        }
        function sentence(counts) {
          if (total(counts) === 0) return 'nothing asked';
          const all = group.format(total(counts));
          return counts.failed === 0 ? `all ${all} done` : `${group.format(counts.failed)} of ${all} failed`;
        }
        function duration(seconds) {
          for (const [unit, size] of [['day', 86400], ['hour', 3600], ['minute', 60]]) {
            const count = Math.floor(seconds / size);
            if (count >= 1) return `${count} ${unit}${count === 1 ? '' : 's'}`;
          }
          return `${seconds} s`;
        }
        function showChart() {
          const minutes = success.minutes.map(minute => minute[kind]);
          const top = Math.max(1, ...minutes.map(total));
          const bars = minutes.map((counts, index) => {
            const x = index * 10 + 1, all = total(counts), ago = minutes.length - 1 - index;
            const text = `${ago === 0 ? 'this minute' : ago + ' min ago'}: ${sentence(counts)}`;
            const bar = make('g', {}, make('title', {}, text), make('rect', {class: 'hit', x: x - 1, width: 10, height: 120}));
            if (all === 0) bar.append(make('rect', {class: 'idle', x, y: 118, width: 8, height: 2}));
            else {
              const height = Math.max(3, all / top * 118);
              // A single failure in a busy minute stays visible.
              const failed = counts.failed === 0 ? 0 : Math.max(3, counts.failed / all * height);
              bar.append(make('rect', {class: 'ok', x, y: 120 - height, width: 8, height: height - Math.min(failed, height)}),
                make('rect', {class: 'failed', x, y: 120 - Math.min(failed, height), width: 8, height: Math.min(failed, height)}));
            }
            bar.addEventListener('pointerenter', () => { $('reading').textContent = text; });
            return bar;
          });
          $('chart').replaceChildren(...bars);
          $('chart').setAttribute('aria-label', `${kind} a minute over the last hour, failures in red`);
        }
        function showCarriers(attached) {
          const names = new Set(Object.keys(attached));
          for (const span of spans) Object.keys(success.windows[span].by_carrier).forEach(name => names.add(name));
          const rows = [...names].sort().map(name => make('tr', {}, make('td', {}, name), ...spans.map(span => {
            const counts = success.windows[span].by_carrier[name]?.attempts ?? {ok: 0, failed: 0, rate: null};
            const cell = make('td', {});
            const rate = make('span', {class: mood(counts.rate)}, percent(counts.rate));
            if (counts.rate !== null) rate.append('\u202f%');
            cell.append(rate);
            if (total(counts) > 0) cell.append(make('small', {}, group.format(total(counts))));
            return cell;
          }), make('td', {}, group.format(attached[name] ?? 0))));
          if (rows.length === 0) rows.push(make('tr', {}, make('td', {colspan: 5, class: 'none'}, 'nobody yet')));
          $('carriers').replaceChildren(...rows);
        }
        function show(status) {
          for (const span of spans) {
            const counts = success.windows[span].tasks;
            showRate($(`tasks-${span}`), counts.rate);
            if (span === '1m' && counts.rate === null) $('tasks-1m').textContent = 'calm';
            $(`tasks-${span}-note`).textContent = sentence(counts);
          }
          const attached = status.sessions.attached;
          $('sessions').textContent = group.format(Object.values(attached).reduce((sum, count) => sum + count, 0));
          $('sessions-note').textContent = `${group.format(status.sessions.detached)} away`;
          showChart();
          showCarriers(attached);
          $('about').textContent = `Godwit ${status.version} at ${status.listen}, up ${duration(status.uptime_seconds)}, `
            + `${group.format(status.acknowledged_messages)} messages acknowledged`;
          $('state').textContent = status.ready ? 'ready' : status.reason;
          $('state').className = 'state ' + (status.ready ? 'good' : 'bad');
          const rate = percent(success.windows['1m'].tasks.rate);
          document.title = rate === '–' ? 'Godwit' : `${rate} % · Godwit`;
        }
        async function read(path) {
          const answer = await fetch(path, {cache: 'no-store', signal: AbortSignal.timeout(5000)});
          if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
          return answer.json();
        }
        async function refresh() {
          try {
            const [report, status] = await Promise.all([read('/success'), read('/status')]);
            success = report;
            show(status);
            lastAnswer = Date.now();
            document.body.classList.remove('stale');
          } catch (error) {
            const silence = duration(Math.round((Date.now() - lastAnswer) / 1000));
            $('state').textContent = `no answer for ${silence}`;
            $('state').className = 'state bad';
            document.body.classList.add('stale');
          }
        }
        for (const button of document.querySelectorAll('.switch button')) {
          button.addEventListener('click', () => {
            kind = button.dataset.kind;
            document.querySelectorAll('.switch button').forEach(other =>
              other.setAttribute('aria-pressed', String(other === button)));
            if (success) showChart();
          });
        }
        async function run() {
          if (!document.hidden) await refresh();
          setTimeout(run, 2000);
        }
        document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });
        run();
        """#
}
