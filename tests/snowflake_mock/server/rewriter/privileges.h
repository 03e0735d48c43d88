// May this role do that? Grants are followed through the role hierarchy; the owner of an object may do everything with
// it; ACCOUNTADMIN may do everything in this mock (Snowflake would ask for the hierarchy there too).
#pragma once

#include <string>

#include "tests/snowflake_mock/server/rewriter/query_rewriter.h"

namespace cdi::snowflake_mock {

// `object` as Display writes it. True for the owner too.
bool HasPrivilege(const RewriteContext& context, const std::string& privilege, const std::string& kind,
                  const std::string& object);
// Any privilege at all on the object: decides between "does not exist" and "insufficient privileges".
bool HasAnyPrivilege(const RewriteContext& context, const std::string& kind, const std::string& object);
// The same without secondary roles: objects are created by the primary role alone.
bool HasCreatePrivilege(const RewriteContext& context, const std::string& privilege, const std::string& kind,
                        const std::string& object);
bool IsOwner(const RewriteContext& context, const std::string& owner_role);

// USAGE (or ownership) on the database and schema of a name; the 002003 errors of Snowflake otherwise.
absl::Status CheckContainers(const ObjectName& name, const RewriteContext& context);
// The session's temporary table of that name, which hides a permanent one; nullptr when there is none.
Relation* FindTemporary(const ObjectName& name, const RewriteContext& context);
// The relation, readable with `privilege` (SELECT, INSERT …).
absl::StatusOr<Relation*> FindWithPrivilege(const ObjectName& name, const std::string& privilege,
                                            const RewriteContext& context);

}  // namespace cdi::snowflake_mock
