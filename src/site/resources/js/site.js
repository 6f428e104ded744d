/* The search of the site, links at headings, and buttons that copy code. The search looks in search-index.js, which the
 * build writes. Nothing here asks another host. */
(function () {
  'use strict';

  var MOST = 12;

  function element(name, attributes, text) {
    var result = document.createElement(name);
    Object.keys(attributes).forEach(function (key) { result.setAttribute(key, attributes[key]); });
    if (text) { result.textContent = text; }
    return result;
  }

  function loadIndex(then) {
    if (window.siteIndex) { then(); return; }
    var script = element('script', {src: 'js/search-index.js'});
    script.onload = then;
    document.head.appendChild(script);
  }

  /* The sections that contain all words. A word in a heading counts most. */
  function find(query) {
    var words = query.toLowerCase().split(/\s+/).filter(Boolean);
    var found = [];
    if (words.length === 0) { return found; }
    window.siteIndex.forEach(function (page) {
      var title = page[1].length ? page[1][0][1] : page[0];
      page[1].forEach(function (section, i) {
        var heading = section[1].toLowerCase();
        var text = section[2].toLowerCase();
        var score = 0;
        var hasAll = words.every(function (word) {
          var inHeading = heading.indexOf(word) >= 0;
          var inText = text.indexOf(word) >= 0;
          var inTitle = title.toLowerCase().indexOf(word) >= 0;
          score += (inHeading ? 8 : 0) + (inTitle ? 4 : 0) + (inText ? 1 : 0);
          return inHeading || inText || inTitle;
        });
        if (hasAll) {
          found.push({score: score + (i === 0 ? 1 : 0), page: page[0], title: title, section: section, words: words});
        }
      });
    });
    return found.sort(function (a, b) { return b.score - a.score; }).slice(0, MOST);
  }

  function excerpt(text, words) {
    var at = words.reduce(function (first, word) {
      var place = text.toLowerCase().indexOf(word);
      return place >= 0 && (first < 0 || place < first) ? place : first;
    }, -1);
    var start = at <= 50 ? 0 : text.lastIndexOf(' ', at - 40) + 1;
    return (start > 0 ? '… ' : '') + text.slice(start, start + 140) + (start + 140 < text.length ? ' …' : '');
  }

  function show(list, results, query) {
    list.textContent = '';
    list.hidden = query.trim() === '';
    if (results.length === 0) {
      list.appendChild(element('li', {'class': 'none'}, 'Nothing found.'));
    }
    results.forEach(function (result) {
      var heading = result.section[1] === result.title ? result.title : result.title + ': ' + result.section[1];
      var link = element('a', {href: result.page + '#' + result.section[0]}, heading);
      link.appendChild(element('small', {}, excerpt(result.section[2], result.words)));
      var item = element('li', {});
      item.appendChild(link);
      list.appendChild(item);
    });
  }

  /* The skin puts the anchor of a heading into the heading. A link to it shows when the pointer is there. */
  function addHeadingLinks() {
    document.querySelectorAll('main h2 > a[id], main h3 > a[id], main h4 > a[id]').forEach(function (anchor) {
      var link = element('a', {'class': 'heading-link', href: '#' + anchor.id, 'aria-label': 'Link to this section'}, '#');
      anchor.parentNode.appendChild(link);
    });
  }

  function addCopyButtons() {
    if (!navigator.clipboard) { return; }
    document.querySelectorAll('main pre').forEach(function (block) {
      var box = element('div', {'class': 'code-box'});
      var button = element('button', {'class': 'copy', type: 'button'}, 'Copy');
      block.parentNode.insertBefore(box, block);
      box.appendChild(block);
      box.appendChild(button);
      button.addEventListener('click', function () {
        navigator.clipboard.writeText(block.innerText).then(function () {
          button.textContent = 'Copied';
          window.setTimeout(function () { button.textContent = 'Copy'; }, 1500);
        });
      });
    });
  }

  document.addEventListener('DOMContentLoaded', function () {
    addHeadingLinks();
    addCopyButtons();
    var bar = document.querySelector('.navbar-inner .container');
    var form = element('form', {'class': 'site-search', role: 'search'});
    var input = element('input', {type: 'search', placeholder: 'Search', 'aria-label': 'Search the documentation'});
    var list = element('ul', {});
    list.hidden = true;
    form.appendChild(input);
    form.appendChild(list);
    bar.insertBefore(element('a', {'class': 'brand phone-brand', href: 'index.html'}, 'LoRA for the JVM'), bar.firstChild);
    bar.appendChild(form);

    function search() { loadIndex(function () { show(list, find(input.value), input.value); }); }
    input.addEventListener('input', search);
    input.addEventListener('focus', search);
    form.addEventListener('submit', function (event) {
      event.preventDefault();
      var first = list.querySelector('a');
      if (first) { window.location.href = first.href; }
    });
    document.addEventListener('keydown', function (event) {
      if (event.key === '/' && !/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)) {
        event.preventDefault();
        input.focus();
      } else if (event.key === 'Escape') {
        list.hidden = true;
      }
    });
    document.addEventListener('click', function (event) {
      if (!form.contains(event.target)) { list.hidden = true; }
    });
  });
}());
