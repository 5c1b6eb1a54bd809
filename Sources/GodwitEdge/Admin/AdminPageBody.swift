extension AdminPage {
    static let body = """
        <header>
          <svg class="bird" viewBox="14 4 52 46" fill="currentColor" aria-hidden="true">
        \(bird)
          </svg>
          <h1>Godwit</h1>
          <p class="state" id="state" role="status">connecting</p>
        </header>
        <main>
          <section class="hero" aria-label="Success of tasks">
            <div class="now">
              <h2>Tasks done, last minute</h2>
              <p class="rate" id="tasks-1m">–</p>
              <p class="note" id="tasks-1m-note">nothing asked</p>
            </div>
            <dl class="spans">
              <div><dt>5 minutes</dt><dd id="tasks-5m">–</dd><dd class="note" id="tasks-5m-note"></dd></div>
              <div><dt>1 hour</dt><dd id="tasks-1h">–</dd><dd class="note" id="tasks-1h-note"></dd></div>
              <div><dt>Sessions now</dt><dd id="sessions">–</dd><dd class="note" id="sessions-note"></dd></div>
            </dl>
          </section>
          <section class="panel">
            <div class="title">
              <h2>The last hour</h2>
              <div class="switch" role="group" aria-label="What the chart shows">
                <button type="button" data-kind="tasks" aria-pressed="true">tasks</button>
                <button type="button" data-kind="attempts" aria-pressed="false">attempts</button>
              </div>
            </div>
            <svg class="chart" id="chart" viewBox="0 0 600 120" preserveAspectRatio="none" role="img"
              aria-label="Tasks a minute, failures in red"></svg>
            <p class="axis"><span>an hour ago</span><span id="reading">a bar is a minute</span><span>now</span></p>
          </section>
          <section class="panel">
            <div class="title"><h2>Attempts by carrier</h2></div>
            <table>
              <thead><tr><th>Carrier</th><th>1 min</th><th>5 min</th><th>1 hour</th><th>Sessions</th></tr></thead>
              <tbody id="carriers"></tbody>
            </table>
            <p class="note">An attempt is one try on one carrier. A task may take several, so attempts fail more often;
            tries that never arrived are reported by clients when they are back.</p>
          </section>
        </main>
        <footer>
          <p id="about"></p>
          <nav><a href="/metrics">metrics</a><a href="/success">success</a><a href="/status">status</a>
          <a href="/readyz">ready</a></nav>
        </footer>
        """
}
