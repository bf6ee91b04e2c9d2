"""What the page of a suite of attacks adds: how its matrix looks, and the script that sorts and filters it.

Without the script the page is whole: nothing is hidden but the filters, and stories open by a click.
"""

CSS = """
.tiles { grid-template-columns: repeat(auto-fit, minmax(148px, 1fr)); }
.headline { font-size: 17px; max-width: 78ch; margin: 0 0 18px; }
.findings { border-left: 4px solid #d55e00; background: #fdf4ee; padding: 8px 16px; margin: 0 0 8px; }
.findings.none-found { border-color: #0072b2; background: #eef5fa; }
.findings ul { margin: 4px 0; padding-left: 20px; } .findings li { overflow-wrap: anywhere; }
.v { display: inline-block; min-width: 52px; text-align: center; border-radius: 3px; padding: 0 6px; font-size: 11px;
  line-height: 17px; font-weight: 650; border: 1px solid #aeb9c3; color: var(--ink); background: #fff; }
.v.bites { background: #f6d9a6; border-color: #d9a441; } .v.harm { background: #8a6d94; border-color: #8a6d94;
  color: #fff; }
.v.dose { background: #a3361a; border-color: #a3361a; color: #fff; }
.filters { display: flex; flex-wrap: wrap; gap: 8px 18px; align-items: center; margin: 4px 0 12px; font-size: 13px;
  color: var(--soft); }
.filters[hidden] { display: none; }
.filters input, .filters select { font: inherit; color: var(--ink); padding: 3px 6px; border: 1px solid #aeb9c3;
  border-radius: 4px; background: #fff; max-width: 190px; }
.field { max-height: 82vh; overflow: auto; border: 1px solid var(--line); border-radius: 6px; }
.matrix { width: auto; border-collapse: separate; border-spacing: 0; font-size: 12px; }
.matrix th, .matrix td { padding: 0 4px; border-bottom: 1px solid #edf0f3; line-height: 20px; white-space: nowrap; }
.matrix td { text-align: center; border-left: 1px solid #edf0f3; min-width: 22px; }
.matrix thead th { position: sticky; z-index: 2; background: #fff; border-bottom: 0; vertical-align: bottom; }
.matrix thead tr.layers th { top: 0; height: 22px; z-index: 2; }
.matrix thead tr:last-child th { top: 22px; border-bottom: 2px solid var(--line); }
.matrix th.layer { text-align: left; border-left: 2px solid #c3cbd3; padding-left: 4px; font-weight: 400;
  font-size: 11px; max-width: 0; overflow: hidden; text-overflow: ellipsis; }
.matrix th.up span { writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap; padding: 4px 0 0;
  display: inline-block; color: var(--ink); font-weight: 600; }
.matrix th.up { text-align: center; }
.matrix th.who { position: sticky; left: 0; z-index: 1; background: #fff; text-align: left; padding: 0 10px 0 8px;
  border-right: 1px solid var(--line); font-weight: 400; }
.matrix thead th.who { z-index: 3; }
.matrix [data-sort] { cursor: pointer; } .matrix [aria-sort] { text-decoration: underline; }
.matrix tbody tr:hover td, .matrix tbody tr:hover th { background-color: #f1f5f8; }
.matrix a, dd a { color: #0b5c8f; }
.c, .matrix tbody tr:hover td.c { background: #fff; color: var(--ink); font-weight: 650; }
.c.n1, .matrix tbody tr:hover td.c.n1 { background: #08306b; color: #fff; }
.c.n2, .matrix tbody tr:hover td.c.n2 { background: #4a90c4; color: #fff; }
.c.n3, .matrix tbody tr:hover td.c.n3 { background: #c9dff0; }
.c.own { box-shadow: inset 0 0 0 2px #e69f00; }
.key i.c { width: 20px; height: 17px; line-height: 17px; text-align: center; font-style: normal; font-size: 11px;
  vertical-align: 0; }
.story { border-bottom: 1px solid var(--line); padding: 5px 0; }
.story summary { cursor: pointer; } .story .inside { padding: 4px 0 18px 18px; }
.story .inside > p { max-width: 90ch; } .story .t { margin-right: 8px; }
.story dl { margin-bottom: 14px; }
.cap { font-size: 13px; color: var(--soft); margin: 6px 10px; } .cap b { color: var(--ink); }
.sets { columns: 3 260px; margin: 4px 0 14px; padding-left: 20px; font-size: 13px; }
.two > .chart { margin-bottom: 16px; }
.plotted { overflow-x: auto; } .plot { width: 100%; height: auto; display: block; }
.key svg { vertical-align: -1px; }
.two { grid-template-columns: repeat(auto-fit, minmax(min(430px, 100%), 1fr)); }
@media (max-width: 700px) {
  main { padding: 18px 14px 32px; } h1 { font-size: 23px; } .story .inside { padding-left: 0; }
  .matrix th.who { max-width: 118px; overflow: hidden; text-overflow: ellipsis; } dl { grid-template-columns: 1fr; }
  dt { margin-top: 6px; }
}
@media print {
  .filters { display: none; } .field { max-height: none; overflow: visible; border: 0; } .matrix { font-size: 11px; }
  .matrix thead th, .matrix th.who { position: static; }
  .story summary { list-style: none; } .story { break-inside: auto; } .two, .sets { break-inside: avoid; }
  .findings, .tiles { grid-template-columns: repeat(auto-fit, minmax(148px, 1fr)); }
.headline { max-width: none; }
}
"""

SCRIPT = """
const rows = [...document.querySelectorAll('#matrix tbody tr')];
const body = document.querySelector('#matrix tbody');
const filters = document.getElementById('filters');
const wanted = (name) => document.getElementById(name).value;
const show = () => {
  const text = wanted('find').trim().toLowerCase();
  let count = 0;
  for (const row of rows) {
    const has = (name) => !wanted(name) || row.dataset[name].split(' ').includes(wanted(name));
    row.hidden = !(row.dataset.text.includes(text) && has('position') && has('control') && has('size'));
    const story = document.getElementById(row.querySelector('a').hash.slice(1));
    if (story) story.hidden = row.hidden;
    count += !row.hidden;
  }
  document.getElementById('shown').textContent = count + ' of ' + rows.length + ' attacks';
};
const value = (row, column) => {
  const cell = row.children[column];
  const text = cell.textContent.trim();
  if (column === 0) return text;
  if (column < 3) return String(4 - ['', 'blocked', 'bites', 'harm', 'dose'].indexOf(text));
  return /^[0-9]+$/.test(text) ? text.padStart(2, '0') : cell.classList.contains('own') ? '50' : '90';
};
let sorted = null;
for (const head of document.querySelectorAll('#matrix [data-sort]')) {
  head.tabIndex = 0;
  const sort = () => {
    const column = Number(head.dataset.sort), again = sorted === head && head.getAttribute('aria-sort') === 'ascending';
    document.querySelectorAll('#matrix [aria-sort]').forEach((one) => one.removeAttribute('aria-sort'));
    head.setAttribute('aria-sort', again ? 'descending' : 'ascending');
    sorted = head;
    rows.sort((a, b) => (again ? -1 : 1) * value(a, column).localeCompare(value(b, column))
      || a.dataset.place - b.dataset.place);
    body.append(...rows);
  };
  head.addEventListener('click', sort);
  head.addEventListener('keydown', (event) => { if (event.key === 'Enter') sort(); });
}
const open = () => {
  const story = location.hash.startsWith('#a-') && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (story) { story.hidden = false; story.open = true; story.scrollIntoView(); }
};
if (filters) {
  filters.hidden = false;
  filters.addEventListener('input', show);
  filters.addEventListener('submit', (event) => event.preventDefault());
  show();
}
document.querySelectorAll('#all').forEach((one) => { one.hidden = false; one.addEventListener('click', () => {
  document.querySelectorAll('.story').forEach((story) => { story.open = true; });
}); });
const closed = [];
window.addEventListener('beforeprint', () => document.querySelectorAll('.story:not([open])').forEach((story) => {
  closed.push(story); story.open = true;
}));
window.addEventListener('afterprint', () => { for (const story of closed.splice(0)) story.open = false; });
window.addEventListener('hashchange', open);
open();
"""
