/* The search of the site, the menus at the side of a wide window, links at headings, the contents of long pages, the next page,
 * columns of numbers, bars of ratios, and buttons that copy code. The search
 * looks in search-index.js, which the build writes. Nothing here asks another host. */
(function () {
  'use strict';

  var MOST = 12;

  /* A page with so many headings has a list of them at its top, and a block of so many imports is folded. */
  var LONG = 4;

  /* Words that readers use, and those of the pages. */
  var SYNONYMS = {
    'classification': ['classif', 'labels'],
    'cuda': ['gpu', 'processor'],
    'docker': ['container'],
    'finetune': ['fine-tun'],
    'finetuning': ['fine-tun'],
    'fp16': ['f16', 'bfloat16', 'fewer bits'],
    'function-calling': ['tools'],
    'functions': ['tools'],
    'gpu': ['processor'],
    'half': ['bfloat16', 'f16'],
    'hf': ['hugging face'],
    'huggingface': ['hugging face'],
    'kubernetes': ['container'],
    'llm': ['language model'],
    'metrics': ['meters'],
    'multi-tenant': ['tenant', 'adapter for each'],
    'multitenant': ['tenant', 'adapter for each'],
    'ner': ['tags', 'names and other parts'],
    'prometheus': ['meters'],
    'qlora': ['fewer bits', 'int4'],
    'quantization': ['fewer bits', 'int8', 'int4'],
    'quantize': ['fewer bits', 'int8', 'int4'],
    'quantized': ['fewer bits', 'int8', 'int4'],
    'rag': ['retriev', 'embedding'],
    'rlhf': ['dpo', 'prefer'],
    'structured': ['schema'],
    'tenancy': ['tenant']
  };

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

  /* Whether a text has a word; a short one only where a word begins, because NER stands in 'generation'. */
  function has(text, word) {
    var at = text.indexOf(word);
    while (at > 0 && word.length < 4 && /[a-z0-9]/.test(text.charAt(at - 1))) {
      at = text.indexOf(word, at + 1);
    }
    return at >= 0;
  }

  /* The sections that contain all words, or other words for them. A word in a heading counts most, and the word itself more. */
  function find(query) {
    var asked = query.toLowerCase().split(/\s+/).filter(Boolean);
    var forms = asked.map(function (word) {
      return [word].concat(Object.prototype.hasOwnProperty.call(SYNONYMS, word) ? SYNONYMS[word] : []);
    });
    var words = [].concat.apply([], forms);
    var found = [];
    if (asked.length === 0) { return found; }
    window.siteIndex.forEach(function (page) {
      var title = page[1].length ? page[1][0][1] : page[0];
      var pageTitle = title.toLowerCase();
      page[1].forEach(function (section, i) {
        var heading = section[1].toLowerCase();
        var text = section[2].toLowerCase();
        var score = 0;
        var hasAll = forms.every(function (alternatives) {
          var best = 0;
          alternatives.forEach(function (word, k) {
            var points = (has(heading, word) ? 8 : 0) + (has(pageTitle, word) ? 4 : 0) + (has(text, word) ? 1 : 0);
            best = Math.max(best, points > 0 && k === 0 ? points + 1 : points);
          });
          score += best;
          return best > 0;
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

  /* Before the headings get their links. */
  function addContents() {
    var title = document.querySelector('main h1');
    var headings = document.querySelectorAll('main h2');
    if (!title || headings.length < LONG) { return; }
    var list = element('ul', {});
    headings.forEach(function (heading) {
      var anchor = heading.querySelector('a[id]');
      if (!anchor) { return; }
      var item = element('li', {});
      item.appendChild(element('a', {href: '#' + anchor.id}, heading.textContent.trim()));
      list.appendChild(item);
    });
    var contents = element('details', {'class': 'contents'});
    contents.appendChild(element('summary', {}, 'On this page'));
    contents.appendChild(list);
    title.parentNode.insertBefore(contents, title.nextSibling);
  }

  /* The pages stand in the menus in the order in which one can read them. The item of this page is no link. */
  function addNextPage() {
    var items = document.querySelectorAll('.navbar-inner .dropdown-menu li');
    var main = document.querySelector('main');
    for (var i = 0; main && i + 1 < items.length; i++) {
      var next = items[i + 1].querySelector('a[href]');
      if (items[i].querySelector('a:not([href])') && next && /^[\w-]+\.html$/.test(next.getAttribute('href'))) {
        var line = element('p', {'class': 'next-page'}, 'Next: ');
        line.appendChild(element('a', {href: next.getAttribute('href')}, next.textContent.trim()));
        main.appendChild(line);
        return;
      }
    }
  }

  /* The menus of the bar, open where this page is. The style shows them where the window is wide, and hides those of the bar. */
  function addSidebar() {
    var side = element('nav', {'class': 'side', 'aria-label': 'All pages'});
    document.querySelectorAll('.navbar-inner li.dropdown').forEach(function (menu) {
      var list = menu.querySelector('.dropdown-menu').cloneNode(true);
      list.removeAttribute('class');
      var fold = element('details', {});
      fold.open = list.querySelector('a:not([href])') !== null;
      fold.appendChild(element('summary', {}, menu.querySelector('.dropdown-toggle').textContent.trim()));
      fold.appendChild(list);
      side.appendChild(fold);
    });
    if (!side.querySelector('details[open]')) {
      side.querySelectorAll('details').forEach(function (fold) { fold.open = true; });
    }
    document.body.insertBefore(side, document.body.firstChild);
    document.body.classList.add('with-side');
  }

  /* Whether a cell is a number, perhaps with an interval and a unit. */
  function isNumber(text) {
    return /\d/.test(text) && /^[-+−±≈~<>≤≥\s]*\d[\d.,\s()+−±–×%\/-]*(µs|ms|s|min|h|kB|KB|MB|GB|MiB|GiB|M|k)?$/.test(text);
  }

  /* The digits of one place stand below each other. */
  function alignNumbers() {
    document.querySelectorAll('main table').forEach(function (table) {
      var rows = Array.prototype.slice.call(table.querySelectorAll('tr'));
      var cells = rows.filter(function (row) { return row.querySelector('td'); });
      var columns = cells.length ? cells[0].children.length : 0;
      for (var i = 1; cells.length > 1 && i < columns; i++) {
        var texts = cells.map(function (row) { return row.children[i] ? row.children[i].textContent.trim() : ''; });
        var filled = texts.filter(function (text) { return !/^[–—-]?$/.test(text); });
        if (filled.length > 0 && filled.every(isNumber)) {
          rows.forEach(function (row) { if (row.children[i]) { row.children[i].classList.add('number'); } });
        }
      }
    });
  }

  /* A ratio of times has a bar. */
  function drawRatios() {
    document.querySelectorAll('main th').forEach(function (head) {
      if (head.textContent.trim() !== 'ratio') { return; }
      head.title = 'The bar ends at 2; the mark is at 1, as fast as the other one.';
      var column = Array.prototype.indexOf.call(head.parentNode.children, head);
      head.closest('table').querySelectorAll('tbody tr').forEach(function (row) {
        var cell = row.children[column];
        var ratio = cell ? parseFloat(cell.textContent) : NaN;
        if (ratio > 0) {
          cell.classList.add('ratio', ratio < 1 ? 'faster' : 'slower');
          cell.style.setProperty('--bar', Math.min(ratio, 2) * 50 + '%');
        }
      });
    });
  }

  function folded(block, count) {
    var fold = element('details', {'class': 'imports'});
    fold.appendChild(element('summary', {}, count + ' imports'));
    block.parentNode.insertBefore(fold, block);
    fold.appendChild(block);
  }

  /* Many imports, alone or before a program, open when they are asked for. A copy of the program has them too. */
  function foldImports() {
    document.querySelectorAll('main pre').forEach(function (block) {
      var lines = block.textContent.split('\n');
      var first = lines.findIndex(function (line) { return !/^(import .*|package .*|\s*)$/.test(line); });
      var before = first < 0 ? lines : lines.slice(0, first);
      var count = before.filter(function (line) { return line.indexOf('import ') === 0; }).length;
      if (count < LONG) { return; }
      if (first < 0) {
        folded(block, count);
        return;
      }
      var imports = block.cloneNode(false);
      imports.textContent = before.join('\n').trim();
      block.parentNode.insertBefore(imports, block);
      folded(imports, count);
      block.setAttribute('data-copy', block.textContent.trim() + '\n');
      block.textContent = lines.slice(first).join('\n').trim();
      // The skin gives both colours.
      imports.classList.remove('prettyprinted');
      block.classList.remove('prettyprinted');
    });
    if (window.prettyPrint) { window.prettyPrint(); }
  }

  function addCopyButtons() {
    if (!navigator.clipboard) { return; }
    document.querySelectorAll('main pre').forEach(function (block) {
      var next = block.parentNode.nextElementSibling;
      if (next && next.hasAttribute('data-copy')) { return; }
      var box = element('div', {'class': 'code-box'});
      var button = element('button', {'class': 'copy', type: 'button'}, 'Copy');
      block.parentNode.insertBefore(box, block);
      box.appendChild(block);
      box.appendChild(button);
      button.addEventListener('click', function () {
        navigator.clipboard.writeText(block.getAttribute('data-copy') || block.innerText).then(function () {
          button.textContent = 'Copied';
          window.setTimeout(function () { button.textContent = 'Copy'; }, 1500);
        });
      });
    });
  }

  document.addEventListener('DOMContentLoaded', function () {
    addContents();
    addHeadingLinks();
    foldImports();
    addCopyButtons();
    addNextPage();
    addSidebar();
    alignNumbers();
    drawRatios();
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
