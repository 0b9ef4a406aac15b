// Starts web-push-testing, which would listen on every address of the machine, on loopback alone.
"use strict";

const net = require("node:net");
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (port, ...rest) {
    return listen.call(this, port, "127.0.0.1", ...rest);
};
require("web-push-testing/src/bin/server.js");
