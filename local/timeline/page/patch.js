/**
 * Makes `shown` have the children of `fresh`, and keeps each element that is still there: the focus, a selection and
 * the scroll position stay where they are. An element keeps its listeners, so those of both must do the same.
 */
export function patch(shown, fresh) {
  let at = shown.firstChild;
  for (const next of [...fresh.childNodes]) {
    const same = laterSame(at, next);
    if (same === null) {
      shown.insertBefore(next, at);
      continue;
    }
    at = removeUntil(at, same);
    update(at, next);
    at = at.nextSibling;
  }
  removeUntil(at, null);
}

function laterSame(from, wanted) {
  let node = from;
  while (node !== null && identity(node) !== identity(wanted)) node = node.nextSibling;
  return node;
}

/** What an element is, whatever it says: a link to elsewhere or a clock for another time is another one. */
function identity(node) {
  if (!(node instanceof Element)) return node.nodeName;
  const { key, ticks } = node.dataset;
  return JSON.stringify([node.nodeName, node.id, key, ticks, node.getAttribute("href")]);
}

function removeUntil(from, end) {
  let node = from;
  while (node !== end) {
    const gone = node;
    node = node.nextSibling;
    gone.remove();
  }
  return end;
}

function update(shown, next) {
  if (!(shown instanceof Element)) {
    if (shown.data !== next.data) shown.data = next.data;
    return;
  }
  // A clock goes on by itself.
  if (shown.dataset.ticks !== undefined || shown.isEqualNode(next)) return;
  for (const { name } of [...shown.attributes]) {
    if (!next.hasAttribute(name)) shown.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (shown.getAttribute(name) !== value) shown.setAttribute(name, value);
  }
  patch(shown, next);
}
