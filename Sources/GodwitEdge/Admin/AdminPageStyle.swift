extension AdminPage {
    /// Sand, water and the rust of a godwit in summer; the same at night.
    static let style = """
        :root { color-scheme: light dark;
          --ground: light-dark(#f6f3ee, #14171a); --panel: light-dark(#fffdfa, #1c2024);
          --line: light-dark(#e4ddd2, #2c3238); --ink: light-dark(#24211d, #ece7df);
          --soft: light-dark(#6f675c, #9aa0a4); --rust: light-dark(#b5562a, #e0854f);
          --good: light-dark(#2b7a68, #57bfa5); --fair: light-dark(#a36a00, #e0aa3e);
          --bad: light-dark(#b3261e, #ff7b6b); --bar: light-dark(#8fb5ab, #3d7d70); }
        * { box-sizing: border-box; margin: 0; }
        body { background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif;
          font-variant-numeric: tabular-nums; max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem 3rem; }
        header { display: flex; align-items: center; gap: .75rem; }
        .bird { width: 3.25rem; color: var(--rust); }
        h1 { font-size: 1.375rem; font-weight: 650; letter-spacing: -.01em; }
        h2 { font-size: .875rem; font-weight: 550; color: var(--soft); }
        .state { margin-left: auto; font-size: .875rem; color: var(--soft); display: flex; align-items: center;
          gap: .5rem; }
        .state::before { content: ""; width: .625rem; height: .625rem; border-radius: 50%; background: currentColor; }
        .state.good { color: var(--good); } .state.bad { color: var(--bad); }
        .hero { display: flex; flex-wrap: wrap; align-items: end; justify-content: space-between; gap: 1.5rem 3rem;
          padding: 2.75rem 0 2.25rem; }
        .rate { font-size: clamp(4rem, 13vw, 7.5rem); font-weight: 680; line-height: 1.05; letter-spacing: -.045em;
          margin-left: -.055em; }
        .rate small { font-size: .45em; font-weight: 500; letter-spacing: 0; margin-left: .08em; }
        .good { color: var(--good); } .fair { color: var(--fair); } .bad { color: var(--bad); }
        .none { color: var(--soft); } .rate.none { font-weight: 450; letter-spacing: -.03em; }
        .note { font-size: .8125rem; color: var(--soft); }
        .spans { display: flex; flex-wrap: wrap; gap: 1rem 2.75rem; }
        .spans dt { font-size: .875rem; font-weight: 550; color: var(--soft); }
        .spans dd:not(.note) { font-size: 1.875rem; font-weight: 600; line-height: 1.3; letter-spacing: -.02em; }
        .spans dd small { font-size: .6em; font-weight: 500; margin-left: .1em; }
        .panel { background: var(--panel); border: 1px solid var(--line); border-radius: .875rem;
          padding: 1.125rem 1.25rem; margin-bottom: 1.25rem; }
        .title { display: flex; align-items: center; justify-content: space-between; margin-bottom: .875rem; }
        .switch { display: flex; border: 1px solid var(--line); border-radius: .5rem; overflow: hidden; }
        .switch button { font: inherit; font-size: .8125rem; color: var(--soft); background: none; border: 0;
          padding: .2rem .75rem; cursor: pointer; }
        .switch button[aria-pressed=true] { background: var(--line); color: var(--ink); }
        .chart { display: block; width: 100%; height: 8.5rem; }
        .chart .ok { fill: var(--bar); } .chart .failed { fill: var(--bad); }
        .chart .idle { fill: var(--line); } .chart .hit { fill: transparent; }
        .chart g:hover .ok { fill: var(--good); } .chart g:last-child .ok { fill: var(--good); }
        .axis { display: flex; justify-content: space-between; font-size: .8125rem; color: var(--soft);
          margin-top: .5rem; }
        table { width: 100%; border-collapse: collapse; }
        th, td { padding: 0; } th { text-align: left; font-size: .8125rem; font-weight: 500; color: var(--soft); padding-bottom: .25rem; }
        td { border-top: 1px solid var(--line); padding: .5rem 0; vertical-align: baseline; }
        td:first-child { font-weight: 600; }
        th:last-child, td:last-child { text-align: right; }
        td.none { text-align: left; font-weight: 400; }
        td small { color: var(--soft); margin-left: .5rem; }
        table + .note { margin-top: .75rem; max-width: 44rem; }
        footer { display: flex; flex-wrap: wrap; gap: .5rem 2rem; justify-content: space-between;
          font-size: .8125rem; color: var(--soft); overflow-wrap: anywhere; }
        nav { display: flex; gap: 1rem; } a { color: inherit; text-underline-offset: .2em; }
        a:hover, a:focus-visible { color: var(--rust); }
        .stale main { opacity: .45; transition: opacity .4s; }
        @media (max-width: 36rem) { td small { display: block; margin: 0; } }
        """
}
