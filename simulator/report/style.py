"""How a page looks: quiet, dense, printable."""

CSS = """
:root { --ink: #25313c; --soft: #5c6975; --line: #dde3e8; --wash: #f6f8fa; }
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto,
  "Helvetica Neue", Arial, sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 1240px; margin: 0 auto; padding: 28px 32px 48px; }
header { border-bottom: 3px solid var(--ink); padding-bottom: 14px; margin-bottom: 20px; }
.kicker { color: var(--soft); font-size: 13px; letter-spacing: .06em; text-transform: uppercase; margin: 0 0 4px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0; font-weight: 650; letter-spacing: -.01em; }
h2 { font-size: 18px; margin: 34px 0 10px; font-weight: 650; }
.under { color: var(--soft); margin: 6px 0 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); gap: 12px; margin: 0 0 22px; }
.tile { background: var(--wash); border: 1px solid var(--line); border-radius: 6px; padding: 10px 14px 11px; }
.tile b { display: block; font-size: 24px; line-height: 1.25; font-weight: 620; letter-spacing: -.01em; }
.tile span { color: var(--soft); font-size: 13px; display: block; }
.chart { border: 1px solid var(--line); border-radius: 6px; padding: 6px 4px 0; }
.key { display: flex; flex-wrap: wrap; gap: 4px 18px; padding: 8px 14px 12px; color: var(--soft); font-size: 13px; }
.key i { display: inline-block; width: 12px; height: 12px; border-radius: 2px; margin-right: 6px;
  vertical-align: -1px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th { text-align: left; color: var(--soft); font-weight: 600; border-bottom: 2px solid var(--line);
  padding: 5px 14px 5px 0; }
td { border-bottom: 1px solid var(--line); padding: 5px 14px 5px 0; vertical-align: top; }
td.n, th.n { text-align: right; white-space: nowrap; }
.events .n { width: 1%; padding-right: 22px; }
tr.total td { font-weight: 650; border-bottom: 0; border-top: 2px solid var(--line); }
.pill { display: inline-block; min-width: 62px; text-align: center; border-radius: 3px; padding: 0 7px; font-size: 12px;
  font-weight: 650; color: #1b242c; }
.pill.high { background: #d3222a; color: #fff; }
.pill.medium { background: #f2c200; } .pill.low { background: #12b5cb; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(430px, 1fr)); gap: 0 40px; align-items: start; }
code { font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 3px 18px; margin: 0; font-size: 14px; }
dt { color: var(--soft); } dd { margin: 0; }
footer { margin-top: 36px; padding-top: 10px; border-top: 1px solid var(--line); color: var(--soft); font-size: 13px; }
.none { color: var(--soft); }
@page { size: A4 portrait; margin: 11mm; }
@media print {
  main { max-width: none; padding: 0; zoom: .62; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .tiles { grid-template-columns: repeat(6, 1fr); } .chart { border: 0; break-inside: avoid; }
  tr, .tile { break-inside: avoid; } h2 { break-after: avoid; }
  .modebar { display: none !important; }
}
"""
