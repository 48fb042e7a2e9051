"""The table of operations against the documented 45 of the newest version."""

from __future__ import annotations

import re

from mcpserver.sandbox.operations import CURRENT, OPERATIONS

DOCUMENTED = """
getMyProfileData GET /profile
listWorkspaces GET /workspaces
listMembers GET /workspaces/{}/members
inviteMember POST /workspaces/{}/members/invite
addMember PUT /workspaces/{}/members/{}
removeMember DELETE /workspaces/{}/members/{}
createFromFile POST /workspaces/{}/attachments/file
createFromURL POST /workspaces/{}/attachments/url
listBoards GET /workspaces/{}/boards
createBoard POST /workspaces/{}/boards
getBoard GET /workspaces/{}/boards/{}
listFolders GET /workspaces/{}/boards/{}/folders
createFolder POST /workspaces/{}/boards/{}/folders
getFolder GET /workspaces/{}/boards/{}/folders/{}
updateFolder PUT /workspaces/{}/boards/{}/folders/{}
deleteFolder DELETE /workspaces/{}/boards/{}/folders/{}
listAttributes GET /workspaces/{}/boards/{}/attributes
createAttribute POST /workspaces/{}/boards/{}/attributes
getAttribute GET /workspaces/{}/boards/{}/attributes/{}
updateAttribute PUT /workspaces/{}/boards/{}/attributes/{}
deleteAttribute DELETE /workspaces/{}/boards/{}/attributes/{}
listItems GET /workspaces/{}/boards/{}/items
createItem POST /workspaces/{}/boards/{}/items
getItem GET /workspaces/{}/boards/{}/items/{}
updateItem PUT /workspaces/{}/boards/{}/items/{}
deleteItem DELETE /workspaces/{}/boards/{}/items/{}
listComments GET /workspaces/{}/boards/{}/items/{}/comments
createComment POST /workspaces/{}/boards/{}/items/{}/comments
getComment GET /workspaces/{}/boards/{}/items/{}/comments/{}
updateComment PUT /workspaces/{}/boards/{}/items/{}/comments/{}
deleteComment DELETE /workspaces/{}/boards/{}/items/{}/comments/{}
listViews GET /workspaces/{}/boards/{}/views
createView POST /workspaces/{}/boards/{}/views
getViews GET /workspaces/{}/boards/{}/views/{}
updateView PUT /workspaces/{}/boards/{}/views/{}
deleteView DELETE /workspaces/{}/boards/{}/views/{}
createReference POST /workspaces/{}/boards/{}/references
deleteReference DELETE /workspaces/{}/boards/{}/references/{}
listHooks GET /workspaces/{}/boards/{}/hooks
createHook POST /workspaces/{}/boards/{}/hooks
updateHook PUT /workspaces/{}/boards/{}/hooks/{}
deleteHook DELETE /workspaces/{}/boards/{}/hooks/{}
createTimeEntry POST /workspaces/{}/boards/{}/time-tracking
updateTimeEntry PUT /workspaces/{}/boards/{}/time-tracking/{}
deleteTimeEntry DELETE /workspaces/{}/boards/{}/time-tracking/{}
"""


def test_newest_version_has_exactly_the_documented_operations() -> None:
    documented = DOCUMENTED.strip().splitlines()
    served = [
        f"{operation.name} {operation.method} {re.sub('{[^}]*}', '{}', operation.path)}"
        for operation in OPERATIONS
        if operation.until == CURRENT
    ]
    assert 45 == len(served)
    assert documented == served
