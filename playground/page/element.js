// Elements of the page.

/** The element with this id. */
export const by = (id) => document.getElementById(id);

/** A new element: `make("p", { class: "faint" }, "text", other)`. What is a text stays one. */
export function make(tag, attributes = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value);
  }
  element.append(...inside);
  return element;
}

/** A picture that this page's module has drawn, for a page. What stands in it cannot run: see the policy in `index.html`. */
export function picture(svg) {
  return new DOMParser().parseFromString(svg, "text/html").body.firstElementChild;
}
