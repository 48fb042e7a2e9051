import accounts.validators
from django.db import migrations, models

NO_TOOL = ['no tool']  # an empty list would mean every tool
CORE = {  # the core tools as of this migration
    'infinity_add_item_comment',
    'infinity_create_item',
    'infinity_create_time_entry',
    'infinity_describe_board',
    'infinity_list_boards',
    'infinity_list_changes',
    'infinity_list_items',
    'infinity_list_workspaces',
    'infinity_query_items',
    'infinity_read_item',
    'infinity_search_items',
    'infinity_update_item',
    'infinity_upload_attachment_from_url',
}


def keep_lists(apps, schema_editor):
    """Make "chosen" of every MCP user that has a list of tools, also of a damaged one."""
    users = apps.get_model('accounts', 'McpUser').objects.using(schema_editor.connection.alias)
    users.exclude(allowed_tools=[]).update(toolset='chosen')


def list_tools(apps, schema_editor):
    """Put the tools of a toolset into the list, so that no user gets more than it had."""
    users = apps.get_model('accounts', 'McpUser').objects.using(schema_editor.connection.alias)
    for user in users.exclude(toolset='all'):
        user.allowed_tools = sorted(tools_within(user.toolset, user.allowed_tools)) or NO_TOOL
        user.save(update_fields=['allowed_tools'])


def tools_within(toolset, listed):
    """The tools of a toolset other than "all"; what is damaged names none."""
    if toolset == 'core' and listed == []:
        return CORE
    if toolset not in ('core', 'chosen') or not isinstance(listed, list):
        return set()
    named = {name for name in listed if isinstance(name, str)}
    return named & CORE if toolset == 'core' else named


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_sessions'),
    ]

    operations = [
        migrations.AddField(
            model_name='mcpuser',
            name='toolset',
            field=models.CharField(choices=[('all', 'All'), ('core', 'Core'), ('chosen', 'Chosen')], db_default='all', default='all', max_length=8),
        ),
        migrations.AlterField(
            model_name='mcpuser',
            name='allowed_tools',
            field=models.JSONField(blank=True, default=list, validators=[accounts.validators.validate_tools]),
        ),
        migrations.RunPython(keep_lists, list_tools),
    ]
