// What the parts of SqliteStore share. Internal to ingest/state.
#pragma once

#include <memory>
#include <string>

#include "ingest/state/commit_thread.h"
#include "ingest/state/reader_pool.h"
#include "ingest/state/run_writer.h"
#include "ingest/state/segment_keeper.h"
#include "ingest/state/sqlite_store.h"
#include "ingest/state/state_directory.h"
#include "ingest/state/store_options.h"

namespace cdi::state {

struct SqliteStore::Core {
  Core(std::string state_directory, const StoreOptions& store_options, FileHandle state_lock, Database writer_database)
      : directory(std::move(state_directory)),
        options(store_options),
        lock(std::move(state_lock)),
        readers(DatabasePath(directory), store_options.readers_max),
        writer(*store_options.clock),
        keeper(directory, store_options, readers, commit),
        commit(std::move(writer_database),
               {[this](Database& database) { return writer.Flush(database); }, [this] { writer.Discard(); }}) {
    keeper.Start();
  }
  // The keeper submits to the commit thread, so it ends first; the commit thread still tells it of ended runs.
  ~Core() { keeper.Stop(); }
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  Timestamp Now() const { return options.clock->WallNow(); }

  const std::string directory;
  const StoreOptions options;
  const FileHandle lock;  // given up last
  ReaderPool readers;
  RunWriter writer;  // only the commit thread uses it
  SegmentKeeper keeper;
  CommitThread commit;
};

}  // namespace cdi::state
