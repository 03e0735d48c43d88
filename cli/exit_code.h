// What `cdi` tells the shell. Documented in `cdi --help` and docs/cli.md; scripts depend on the numbers, so none
// changes.
#pragma once

namespace cdi::cli {

enum ExitCode : int {
  kOk = 0,
  kRunFailed = 1,    // a followed run ended ERROR, CONFIG_ERROR, LIMIT_EXCEEDED or CANCELLED; a rotation likewise
  kUsage = 2,        // the command line, or a file or variable it names, is wrong; nothing was changed
  kRunPartial = 3,   // a followed run ended PARTIAL: some rows are dead or held
  kRefused = 4,      // the server answered with an error
  kUnreachable = 5,  // no answer: server not reachable, not serving, or --timeout passed
  kTestFailed = 6,   // a test was made and did not pass
  kDetached = 130,   // Ctrl-C ended the following of a run; the run goes on
};

}  // namespace cdi::cli
