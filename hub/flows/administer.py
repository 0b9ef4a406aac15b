"""What a tenant's admins do: people, the sign-in policy, the audit log."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from hub.domain.account import Role, Session, User, UserStatus, is_email
from hub.domain.audit import Actor, Event, Record
from hub.domain.device import Device
from hub.domain.errors import Conflict, FieldError, Forbidden, Invalid, StepUpRequired
from hub.domain.factors import strongest
from hub.domain.ids import AuditId, Prefix, TenantId, UserId
from hub.domain.secret import Secret
from hub.domain.tenant import SLUG, AuthenticationSettings, Tenant
from hub.domain.words import name_errors
from hub.flows.base import OPERATOR, Flow, by_user
from hub.flows.void import Void, Voided
from hub.ports import AuditFilter, Hasher, Tx

NAME_MAX = 120


@dataclass(frozen=True, slots=True)
class Admin:
    """Who administers: a signed-in admin, or the operator at the command line (no session)."""

    role: Role
    actor: Actor
    session: Session | None = None


AT_THE_COMMAND_LINE = Admin(Role.OWNER, OPERATOR)


@dataclass(frozen=True, slots=True)
class Person:
    """A user and the phones that can be asked."""

    user: User
    devices: list[Device]


@dataclass(frozen=True, slots=True)
class Changes:
    """What to change of a user; None leaves a field as it is."""

    name: str | None = None
    email: str | None = None
    role: Role | None = None
    status: UserStatus | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Administer(Flow):
    """A tenant's administration."""

    hasher: Hasher
    void: Void

    async def create_tenant(self, slug: str, name: str) -> Tenant:
        """Make a tenant; raises Invalid, Conflict."""
        errors = tenant_errors(slug, name)
        if errors:
            raise Invalid(errors=errors)
        now = self.clock.now()
        tenant = Tenant(TenantId(self.new_id(Prefix.TENANT, now)), slug, name.strip(), now)
        async with self.store.begin() as tx:
            await tx.tenants.add(tenant)
            await tx.audit.add(
                self.record(Event.TENANT_CREATED, tenant.id, now, actor=OPERATOR, data={"slug": slug})
            )
        return tenant

    async def tenant(self, slug: str) -> Tenant:
        """Return the tenant; raises NotFound."""
        async with self.store.read() as tx:
            return await tx.tenants.by_slug(slug)

    async def tenants(self) -> list[Tenant]:
        """Return all tenants, oldest first."""
        async with self.store.read() as tx:
            return await tx.tenants.all()

    async def create_user(
        self,
        tenant_id: TenantId,
        email: str,
        *,
        by: Admin,
        name: str | None = None,
        role: Role = Role.USER,
        password: Secret | None = None,
        first_admin_owns: bool = False,
    ) -> User:
        """Add a person.

        Args:
            first_admin_owns: make an admin the owner where the tenant has none yet.

        Raises:
            Invalid, Conflict (the address is taken), Forbidden (only an owner makes an owner).
        """
        errors = email_errors(email)
        errors += name_errors(name, "name", NAME_MAX) if name is not None else []
        if errors:
            raise Invalid(errors=errors)
        hashed = await self.hasher.hash(password) if password is not None else None
        now = self.clock.now()
        async with self.store.begin() as tx:
            if first_admin_owns and role is Role.ADMIN and not await tx.users.hold_owners(tenant_id):
                role = Role.OWNER
            _demand_rank(by, role)
            user = User(
                id=UserId(self.next_id(Prefix.USER, now)),
                tenant_id=tenant_id,
                email=email.strip(),
                role=role,
                status=UserStatus.ACTIVE,
                created_at=now,
                name=name.strip() if name else None,
                password=hashed,
            )
            await tx.users.add(user)
            await tx.audit.add(
                self.record(
                    Event.USER_CREATED,
                    tenant_id,
                    now,
                    actor=by.actor,
                    user_id=user.id,
                    data={"email": user.email, "role": role},
                )
            )
        return user

    async def users(self, tenant_id: TenantId, limit: int, after: UserId | None) -> list[Person]:
        """Return a page of people by rising id."""
        async with self.store.read() as tx:
            users = await tx.users.page(tenant_id, limit, after)
            devices = await tx.devices.of_users([user.id for user in users])
        return [Person(user, [each for each in devices if each.user_id == user.id]) for user in users]

    async def user(self, tenant_id: TenantId, user_id: UserId) -> Person:
        """Return one person; raises NotFound."""
        async with self.store.read() as tx:
            user = await tx.users.get(tenant_id, user_id)
            return Person(user, await tx.devices.of_user(user.id))

    async def user_by_email(self, tenant_id: TenantId, email: str) -> User | None:
        """Return the person with this address, or None."""
        async with self.store.read() as tx:
            return await tx.users.by_email(tenant_id, email)

    async def change_user(
        self, tenant_id: TenantId, user_id: UserId, changes: Changes, *, by: Admin
    ) -> Person:
        """Change a person; blocking signs them out everywhere and voids all that is under way.

        Raises:
            NotFound, Invalid, Conflict (address taken, or the last owner), Forbidden (rank), StepUpRequired.
        """
        errors = []
        if changes.email is not None and not is_email(changes.email):
            errors.append(FieldError("email", "This is not an email address."))
        if changes.name is not None:
            errors += name_errors(changes.name, "name", NAME_MAX)
        if errors:
            raise Invalid(errors=errors)
        now = self.clock.now()
        voided = Voided()
        async with self.store.begin() as tx:
            owners = await tx.users.hold_owners(tenant_id)
            user = await tx.users.hold(tenant_id, user_id)
            if changes.role is not None or changes.email is not None:
                await self._demand_step_up(tx, by, now)
            after = replace(
                user,
                name=changes.name.strip() if changes.name is not None else user.name,
                email=changes.email.strip() if changes.email is not None else user.email,
                role=changes.role or user.role,
                status=changes.status or user.status,
            )
            _demand_rank(by, user.role, after.role)
            loses_rank = after.role is not Role.OWNER or after.status is not UserStatus.ACTIVE
            if user.role is Role.OWNER and loses_rank and _is_last(user, owners):
                raise Conflict(reason="A tenant needs an owner: make someone else one first.")
            await tx.users.save(after)
            await self._record_change(tx, user, after, by, now)
            if after.status is UserStatus.BLOCKED and user.status is not UserStatus.BLOCKED:
                voided = await self.void.everything(tx, after, by.actor, now)
            devices = await tx.devices.of_user(user.id)
        await self.void.tell(voided)
        return Person(after, devices)

    async def demand_rank_over(self, tenant_id: TenantId, user_id: UserId, by: Admin) -> None:
        """Let an admin act on a person: only an owner does on an owner; raises NotFound, Forbidden."""
        async with self.store.read() as tx:
            _demand_rank(by, (await tx.users.get(tenant_id, user_id)).role)

    async def settings(self, tenant_id: TenantId) -> AuthenticationSettings:
        """Return the sign-in policy."""
        async with self.store.read() as tx:
            return (await tx.tenants.get(tenant_id)).authentication

    async def change_settings(
        self, tenant_id: TenantId, settings: AuthenticationSettings, *, by: Admin
    ) -> AuthenticationSettings:
        """Replace the sign-in policy, from the next sign-in on.

        Raises:
            StepUpRequired, Conflict (push required by an admin who has no phone).
        """
        now = self.clock.now()
        async with self.store.begin() as tx:
            await self._demand_step_up(tx, by, now)
            tenant = await tx.tenants.get(tenant_id)
            requires = settings.require_push and not tenant.authentication.require_push
            if requires and by.session and not await tx.devices.of_user(by.session.user_id):
                raise Conflict(reason="Add a phone of your own before you require one of everybody.")
            before, after = asdict(tenant.authentication), asdict(settings)
            changed = {key: [before[key], after[key]] for key in after if before[key] != after[key]}
            if changed:
                await tx.tenants.save(replace(tenant, authentication=settings))
                await tx.audit.add(
                    self.record(
                        Event.SETTINGS_CHANGED,
                        tenant_id,
                        now,
                        actor=by.actor,
                        data={"changed": changed},
                    )
                )
        return settings

    async def audit_page(
        self, tenant_id: TenantId, which: AuditFilter, limit: int, before: AuditId | None
    ) -> list[tuple[Record, str]]:
        """Return rows and their hashes, newest first."""
        async with self.store.read() as tx:
            return await tx.audit.page(tenant_id, which, limit, before)

    async def _demand_step_up(self, tx: Tx, by: Admin, now: datetime) -> None:
        if by.session is None:
            return
        has_device = bool(await tx.devices.of_user(by.session.user_id))
        if not by.session.is_fresh(strongest(has_device=has_device), now):
            raise StepUpRequired

    async def _record_change(self, tx: Tx, user: User, after: User, by: Admin, now: datetime) -> None:
        data: dict[str, Any] = {
            field: [str(getattr(user, field)), str(getattr(after, field))]
            for field in ("name", "email", "role", "status")
            if getattr(user, field) != getattr(after, field)
        }
        if not data:
            return
        event = Event.USER_CHANGED
        if user.status is not after.status:
            event = Event.USER_BLOCKED if after.status is UserStatus.BLOCKED else Event.USER_UNBLOCKED
        await tx.audit.add(
            self.record(event, user.tenant_id, now, actor=by.actor, user_id=user.id, data=data)
        )


def administered_by(user: User, session: Session) -> Admin:
    """Return the signed-in admin; raises Forbidden for anybody else."""
    if not user.role.administers:
        raise Forbidden
    return Admin(user.role, by_user(user.id), session)


def tenant_errors(slug: str, name: str) -> list[FieldError]:
    """Return what is wrong with a new tenant."""
    errors = name_errors(name, "name", NAME_MAX)
    if not SLUG.fullmatch(slug):
        errors.append(FieldError("slug", "Lowercase letters, digits and dashes, at most 40."))
    return errors


def email_errors(email: str) -> list[FieldError]:
    """Return what is wrong with an address."""
    return [] if is_email(email) else [FieldError("email", "This is not an email address.")]


def _demand_rank(by: Admin, *roles: Role) -> None:
    """Only an owner makes, changes or unmakes an owner."""
    if Role.OWNER in roles and by.role is not Role.OWNER:
        raise Forbidden


def _is_last(user: User, owners: list[User]) -> bool:
    return not any(each.id != user.id and each.status is UserStatus.ACTIVE for each in owners)
