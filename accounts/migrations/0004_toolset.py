import accounts.validators
from django.db import migrations, models

NO_TOOL = ['no tool']  # an empty list would mean every tool


def keep_lists(apps, schema_editor):
    """Make "chosen" of every MCP user that has a list of tools, also of a damaged one."""
    users = apps.get_model('accounts', 'McpUser').objects.using(schema_editor.connection.alias)
    users.exclude(allowed_tools=[]).update(toolset='chosen')


def list_tools(apps, schema_editor):
    """Put the tools of a toolset into the list, so that no user gets more than it had."""
    from accounts.toolsets import tools_within

    users = apps.get_model('accounts', 'McpUser').objects.using(schema_editor.connection.alias)
    for user in users.exclude(toolset='all'):
        tools = tools_within(user.toolset, user.allowed_tools)
        user.allowed_tools = sorted(tools) or NO_TOOL
        user.save(update_fields=['allowed_tools'])


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
