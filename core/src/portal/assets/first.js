// Runs before everything else, in any browser: takes the link's secret out of
// the address, so that neither history nor a screenshot keeps it. Gateways turn
// "#" into "%23" or "%2523"; the secret then stands in the path.
(function () {
  'use strict';
  var secret = '';
  function read() {
    var all = location.pathname + location.search + location.hash;
    var at = /^(.*?\/p\/)([0-9a-f]{32})/i.exec(location.pathname);
    var mark = /^[^#]*?(?:#|%(?:25)*23)/.exec(all);
    if (mark) secret = all.slice(mark[0].length);
    if (at && all !== at[1] + at[2]) history.replaceState(null, '', at[1] + at[2]);
  }
  read();
  window.mailseal = {
    started: false,
    take: function () {
      read();
      var s = secret;
      secret = '';
      return s;
    }
  };
  // A browser too old for the modules, or a connection that broke.
  addEventListener('load', function () {
    var old = document.getElementById('old');
    if (old && !window.mailseal.started) old.hidden = false;
  });
})();
